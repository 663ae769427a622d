"""Read the patch files of a series: mailed by git or plain, from git, svn or diff."""

import base64
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.utils import parseaddr
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

SUBJECT_LENGTH = 300
"""Characters of a subject that are kept; git takes a whole first paragraph for the subject."""

MAIL = re.compile(rb"^From .*\d\d:\d\d.*\d{4}\r?\n(?=[A-Za-z-]+:)", re.MULTILINE)
"""The line before each mail of a mailbox, as `git mailsplit` looks for it."""
HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
SVN_LABEL = re.compile(rb"\s+\((?:revision \d+|working copy|nonexistent)\).*$")
TAGS = re.compile(r"(?:\s*\[[^]]*\])+\s*")
COVER_LETTER = re.compile(r"\[[^]]*\b0+/\d+[^]]*\]")
CHANGED = "the folder has changed since the master read it"
UNICODE_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"
BINARY_SAMPLE = 400
"""Bytes at the beginning of a file: every second one is NUL in UTF-16."""


class PatchError(Exception):
    """A patch file that cannot be used; the text names it and says what to do."""


@dataclass(frozen=True)
class PatchFile:
    """One change: a file of the series, or one of the mails in it."""

    name: str
    content: bytes = b""
    author: str = ""
    subject: str = ""
    prefixed: bool = True
    """Whether its names begin with a folder that the tree has not, such as `a/`."""


@dataclass(frozen=True)
class Series:
    """The changes of some patch files, in order."""

    patches: tuple[PatchFile, ...]
    cover_letters: tuple[str, ...]
    """The files that only describe a series."""

    def files(self) -> dict[str, bytes]:
        """What `series.bash` gets: by its file name, each change below a line with its number."""
        return {
            f"{number:05}.p{int(patch.prefixed)}": b"From %040d Mon Sep 17 00:00:00 2001\n" % number
            + patch.content
            for number, patch in enumerate(self.patches, 1)
        }


class FileHeader(NamedTuple):
    """Where the changes to one file begin."""

    git: bytes
    """The two names in git's own header, if there is one."""
    svn: bytes
    """The name in svn's own header, if there is one."""
    names: tuple[bytes, ...]
    """The old and the new name."""


def read_series(folder: Path, names: Iterable[str]) -> Series:
    """Read the patch files with these names; raises PatchError."""
    patches: list[PatchFile] = []
    cover_letters: list[str] = []
    for name in names:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise PatchError(f"{name}: {error.strerror}; {CHANGED}") from None
        for patch in read_patches(Path(name).name, content):
            if is_cover_letter(patch):
                cover_letters.append(patch.name)
            else:
                patches.append(patch)
    return Series(tuple(patches), tuple(cover_letters))


def read_patches(name: str, content: bytes) -> list[PatchFile]:
    """The changes in one file; raises PatchError."""
    if content.startswith(UNICODE_MARKS) or content[:BINARY_SAMPLE].count(0) > len(content) // 4:
        raise PatchError(f"{name} is UTF-16: save it as UTF-8, which git writes and reads")
    mails = split_mails(content.removeprefix(UTF8_MARK))
    if len(mails) == 1:
        return [read_mail(name, mails[0])]
    return [read_mail(f"{name} ({n} of {len(mails)})", mail) for n, mail in enumerate(mails, 1)]


def split_mails(content: bytes) -> list[bytes]:
    """The mails of a mailbox, without the line before each; a plain patch is one."""
    starts = [
        match
        for match in MAIL.finditer(content)
        if match.start() == 0 or content[: match.start()].endswith((b"\n\n", b"\n\r\n", b"-- \n"))
    ]
    if not starts:
        return [content]
    ends = [match.start() for match in starts[1:]] + [len(content)]
    mails = [content[match.end() : end] for match, end in zip(starts, ends, strict=True)]
    before = content[: starts[0].start()]
    return [before, *mails] if before.strip() else mails


def read_mail(name: str, mail: bytes) -> PatchFile:
    """One change, with its author and subject; raises PatchError."""
    head, separator, body = split_head(mail)
    headers = mail_headers(head)
    encoding = headers.get("content-transfer-encoding", "").strip().lower()
    if separator and encoding in ("quoted-printable", "base64"):
        decode = quopri.decodestring if encoding == "quoted-printable" else base64.b64decode
        try:
            body = decode(body)
        except ValueError as error:
            raise PatchError(f"{name}: its {encoding} cannot be decoded: {error}") from None
        mail = body
    first = body.lstrip(b"\r\n").partition(b"\n")[0]
    author = mail_headers(first).get("from") or headers.get("from", "")
    subject = decoded(headers.get("subject", ""))
    return PatchFile(
        name=name,
        content=mail,
        author=author_name(author),
        subject=subject,
        prefixed=is_prefixed(name, list(file_headers(mail))),
    )


def split_head(mail: bytes) -> tuple[bytes, bytes, bytes]:
    """The lines before the first empty one or the first change, the empty line, and the rest."""
    end = re.search(rb"^(?:\r?\n|(?=diff |--- |Index: ))", mail, re.MULTILINE)
    return (mail[: end.start()], end[0], mail[end.end() :]) if end else (mail, b"", b"")


def mail_headers(head: bytes) -> dict[str, str]:
    """The headers of a mail by their names in small letters, unfolded."""
    unfolded = re.sub(r"\r?\n[ \t]+", " ", text(head))
    fields = (line.partition(":") for line in unfolded.splitlines())
    headers: dict[str, str] = {}
    for name, colon, value in fields:
        if colon and re.fullmatch(r"[A-Za-z-]+", name):
            headers.setdefault(name.lower(), value.strip())
    return headers


def text(content: bytes) -> str:
    """Text of somebody else: UTF-8, or else ISO-8859-1, which any bytes are."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def decoded(header: str) -> str:
    """A header without the encoding of RFC 2047; as it is when that is not valid."""
    try:
        return str(make_header(decode_header(header))) if "=?" in header else header
    except (MessageError, LookupError, ValueError):
        return header


def author_name(header: str) -> str:
    """`Name <address>`, without quotes and encoding."""
    name, address = parseaddr(header)
    return " ".join(f"{decoded(name)} <{address}>".split()) if address else decoded(header)


def title(subject: str) -> str:
    """A subject without `[PATCH 1/2]`, in one line of limited length."""
    tags = TAGS.match(subject)
    line = " ".join(subject[tags.end() if tags else 0 :].split())
    return line if len(line) <= SUBJECT_LENGTH else f"{line[:SUBJECT_LENGTH]}…"


def is_cover_letter(patch: PatchFile) -> bool:
    """Whether a mail only describes the series that it was sent with."""
    named = patch.name.endswith("cover-letter.patch") or COVER_LETTER.match(patch.subject)
    return bool(named) and not any(file_headers(patch.content))


def is_prefixed(name: str, headers: list[FileHeader]) -> bool:
    """Whether the names in a patch begin with a folder that the tree has not.

    Raises PatchError for what `git diff --no-prefix` writes: git would cut its names.
    """
    for header in headers:
        half = len(header.git) // 2
        if header.git and header.git[:half] == header.git[half + 1 :]:
            path = text(header.git[:half])
            raise PatchError(
                f"{name}: 'diff --git {path} {path}' has no prefixes a/ and b/: "
                "write it again without --no-prefix and diff.noprefix"
            )
    if any(header.git for header in headers):
        return True
    names = [name for header in headers for name in header.names if name != b"/dev/null"]
    svn = any(header.svn and header.svn == header.names[0] for header in headers)
    return not svn and all(b"/" in name for name in names)


def file_headers(patch: bytes) -> Iterator[FileHeader]:
    """Where the changes to each file begin; lines of changes never count as such."""
    old = new = 0
    git = index = b""
    lines = [line.rstrip(b"\r") for line in patch.split(b"\n")]
    for line, following in pairwise([*lines, b""]):
        if old > 0 or new > 0:
            old -= line[:1] in (b"-", b" ", b"")
            new -= line[:1] in (b"+", b" ", b"")
        elif hunk := HUNK.match(line):
            old, new = (int(count or 1) for count in hunk.groups())
        elif line.startswith(b"diff --git "):
            git = line.removeprefix(b"diff --git ")
            yield FileHeader(git, b"", ())
        elif line.startswith(b"Index: "):
            index = line.removeprefix(b"Index: ").strip()
        elif line.startswith(b"--- ") and following.startswith(b"+++ ") and not git:
            yield FileHeader(b"", index, (file_name(line), file_name(following)))
            index = b""


def file_name(line: bytes) -> bytes:
    """The name in a line `--- name<tab>date`."""
    return SVN_LABEL.sub(b"", line[4:].partition(b"\t")[0]).strip()
