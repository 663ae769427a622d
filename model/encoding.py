"""Where a text is not UTF-8, for the people who wrote it."""


def wrong_line(error: UnicodeDecodeError) -> int:
    """The number of the line with the wrong byte."""
    return error.object.count(b"\n", 0, error.start) + 1


def wrong_byte(error: UnicodeDecodeError) -> str:
    """What is wrong, in words."""
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8"
