"""A patch that does not apply: which one, in which file, at which hunk, beside what is there."""

import re
from dataclasses import dataclass
from typing import Self

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

from steps.lines import lines

REJECTED = re.compile(r"^error: patch failed: (?P<file>.+):(?P<line>\d+)$", re.MULTILINE)
ERROR = re.compile(r"^(?:error|fatal): (.+)$", re.MULTILINE)
FILE_HEADER = re.compile(r"^--- .+\n\+\+\+ .+\n@@ -", re.MULTILINE)
"""What git takes for the beginning of a file's changes, with or without `diff --git` before it."""

DIFF_MARKS = " +-@\\\r"
"""The first characters that a line of a unified diff may have, if it has any."""

MARGIN = 3
"""Lines of the upstream shown before and after those that a hunk changes."""


@dataclass(frozen=True)
class Rejection:
    """The first patch that does not apply, as `series.bash` reports it."""

    number: int
    count: int
    name: str
    subject: str
    stderr: str
    """What git says."""
    patch: str
    into: str = ""
    """The path of the tree that the patch is for."""

    @classmethod
    def of(cls, stdout: str, stderr: str, into: str = "") -> Self:
        """Read what `series.bash` prints: a line that names the patch, then the whole patch."""
        head, _, patch = stdout.partition("\n")
        number, count, name, subject = head.split("\t", 3)
        return cls(int(number), int(count), name, subject, stderr, patch, into)

    def __str__(self) -> str:
        titled = f"{self.name} '{self.subject}'" if self.subject else self.name
        return f"patch {self.number} of {self.count} does not apply: {titled}: {self.location}"

    @property
    def file(self) -> str:
        """The file in the tree, empty when git names none."""
        rejected = REJECTED.search(self.stderr)
        return rejected["file"] if rejected else ""

    @property
    def line(self) -> int:
        """The line at which the hunk was to apply, 0 when git names none."""
        rejected = REJECTED.search(self.stderr)
        return int(rejected["line"]) if rejected else 0

    @property
    def location(self) -> str:
        """`src/x.php, hunk 2 (line 40)`, or git's own sentence."""
        if not self.file:
            error = ERROR.search(self.stderr)
            return error[1] if error else self.stderr.strip()
        starts = [hunk.source_start for hunk in self.hunks]
        number = starts.index(self.line) + 1 if self.line in starts else "?"
        return f"{self.file}, hunk {number} (line {self.line})"

    @property
    def hunks(self) -> list[Hunk]:
        """The hunks of the patch to the file at which it fails."""
        return file_hunks(self.patch, self.file.removeprefix(f"{self.into}/"))

    def comparison(self, content: str) -> str:
        """The hunk that does not apply, and the lines of the file where it was to apply."""
        hunk = next((hunk for hunk in self.hunks if hunk.source_start == self.line), None)
        if hunk is None:
            return self.stderr
        upstream = lines(content)
        first = max(self.line - MARGIN, 1)
        last = min(self.line + hunk.source_length + MARGIN - 1, len(upstream))
        numbered = "\n".join(f"{n:6} {upstream[n - 1]}" for n in range(first, last + 1))
        return (
            f"{self}\n\nThe patch expects:\n{hunk_text(hunk, self.patch)}\n"
            f"It met, in lines {first} to {last} of {self.file}:\n{numbered}\n"
        )


def unified_diff(patch: str) -> list[str]:
    """The lines of a patch that unidiff reads.

    It refuses a mail whose text quotes a diff, and a `diff --git` line that names a file with
    spaces. Both lie outside the hunks and their file headers.
    """
    header = FILE_HEADER.search(patch)
    diff = lines(patch[header.start() :]) if header else []
    return [line for line in diff if line[:1] in DIFF_MARKS]


def file_hunks(patch: str, file: str) -> list[Hunk]:
    """The hunks of a patch to one file; none when unidiff cannot read the patch."""
    try:
        files = PatchSet("".join(f"{line}\n" for line in unified_diff(patch)))
    except UnidiffParseError:
        return []  # the patch is rejected anyway: the report goes without the hunk's number
    named = [(unquoted(changed.source_file.strip()), hunk) for changed in files for hunk in changed]
    # svn writes no prefix, which git sees in the first name without a folder.
    prefixed = all("/" in name for name, _ in named)
    return [h for name, h in named if file == (name.partition("/")[2] if prefixed else name)]


def unquoted(name: str) -> str:
    """A file name as it is: git writes an unusual one as a C string, with its bytes in octal."""
    if not name.startswith('"'):
        return name
    return name.strip('"').encode().decode("unicode_escape").encode("latin-1").decode()


def hunk_text(hunk: Hunk, patch: str) -> str:
    """A hunk as it stands in the patch: unidiff itself would write its head another way."""
    head = unified_diff(patch)[(hunk[0].diff_line_no or 0) - 2]
    return f"{head}\n{''.join(map(str, hunk))}".rstrip("\n")
