"""A tar of small files, to send to a worker."""

import tarfile
from collections.abc import Mapping
from io import BytesIO


def tar_archive(files: Mapping[str, bytes]) -> bytes:
    """The bytes of a tar with these files, in this order."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return buffer.getvalue()
