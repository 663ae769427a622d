"""Lines as git separates them."""


def lines(text: str) -> list[str]:
    """The text between newlines; `str.splitlines` would also break at form feeds and U+2028."""
    return text.removesuffix("\n").split("\n") if text else []
