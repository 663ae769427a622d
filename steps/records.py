"""What a script tells the master: fields that may hold any text, whole or not at all."""

from base64 import b64decode
from collections.abc import Iterator, Sequence

END = b"\0"


def fields(output: str) -> list[str]:
    """The fields that a script prints, each ended by NUL, all of it in base64.

    A worker breaks long lines, and changes carriage returns and what commands a terminal; lines of
    base64 are short and hold neither. Raises ValueError when the output is cut or is no base64.
    """
    content = b64decode("".join(output.split()), validate=True)
    if content and not content.endswith(END):
        raise ValueError("the last field is not complete")
    return [field.decode("utf-8", "replace") for field in content.split(END)[:-1]]


def batched(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The items in groups of one size; raises ValueError when some are left over."""
    if len(items) % size:
        raise ValueError(f"{len(items)} fields are no groups of {size}")
    return (items[start : start + size] for start in range(0, len(items), size))
