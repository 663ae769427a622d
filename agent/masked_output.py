"""The output of a command, in which one secret is replaced while it is written."""

import os
import selectors
import subprocess
from collections.abc import Callable
from typing import BinaryIO

MASK = b"<password>"
BLOCK = 1 << 16


class Masked:
    """A stream of bytes in which a secret is replaced, also where it is read in two parts."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.held = b""
        """The end of what was read, when it may be the beginning of the secret."""

    def feed(self, data: bytes) -> bytes:
        """What may be written after these bytes."""
        if not self.secret:
            return data
        text = (self.held + data).replace(self.secret, MASK)
        sizes = range(min(len(self.secret) - 1, len(text)), 0, -1)
        held = next((size for size in sizes if text.endswith(self.secret[:size])), 0)
        self.held = text[len(text) - held :]
        return text[: len(text) - held]

    def end(self) -> bytes:
        """What is left at the end."""
        held, self.held = self.held, b""
        return held


def copy_output(
    process: "subprocess.Popen[bytes]", secret: bytes, watch: Callable[[], None] | None = None
) -> int:
    """Write the output and the errors of a process to ours; its exit code.

    Ends with the process, even if another one that it has left behind holds its output.
    """
    with selectors.DefaultSelector() as selector:
        for source, target in ((process.stdout, 1), (process.stderr, 2)):
            assert source  # noqa: S101  # for mypy: it is a PIPE
            os.set_blocking(source.fileno(), False)
            selector.register(source, selectors.EVENT_READ, (Masked(secret), target))
        opened = list(selector.get_map().values())
        while selector.get_map():
            if watch:
                watch()
            ended = process.poll() is not None
            ready = selector.select(timeout=0 if ended else 0.1)
            for key, _ in ready:
                if not copy_some(key.fileobj, *key.data):  # type: ignore[arg-type]  # registered above
                    selector.unregister(key.fileobj)
            if ended and not ready:
                break
        for key in opened:
            masked, target = key.data
            write_all(target, masked.end())
    return process.wait()


def copy_some(source: BinaryIO, masked: Masked, target: int) -> bool:
    """Copy what can be read now; whether there may be more."""
    data = os.read(source.fileno(), BLOCK)
    write_all(target, masked.feed(data))
    return bool(data)


def write_all(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
