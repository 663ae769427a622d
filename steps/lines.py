"""Lines as git means them."""


def lines(text: str) -> list[str]:
    """What stands between newlines; Python's own would also break at form feeds and U+2028."""
    return text.removesuffix("\n").split("\n") if text else []
