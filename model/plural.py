"""Numbers in sentences for people."""


def plural(count: int, noun: str) -> str:
    """`1 table` or `2 tables`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
