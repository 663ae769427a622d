"""A patch that does not apply: which one, in which file, at which hunk, beside what is there."""

import re
from dataclasses import dataclass

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

from steps.lines import lines

ERROR = re.compile(
    r"^(?:error|fatal): (?P<words>patch failed: (?P<file>.+):(?P<line>\d+)|.+)$", re.MULTILINE
)
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

    def __str__(self) -> str:
        titled = f"{self.name} '{self.subject}'" if self.subject else self.name
        return f"patch {self.number} of {self.count} does not apply: {titled}: {self.location}"

    @property
    def complaint(self) -> re.Match[str] | None:
        """Git's first error, which is about the first file that it cannot change."""
        return ERROR.search(self.stderr)

    @property
    def file(self) -> str:
        """The file in the tree, empty when git names no hunk of one."""
        return (self.complaint and self.complaint["file"]) or ""

    @property
    def line(self) -> int:
        """The line at which the hunk was to apply, 0 when git names none."""
        return int((self.complaint and self.complaint["line"]) or 0)

    @property
    def location(self) -> str:
        """`src/x.php, hunk 2 (line 40)`, or git's own sentence."""
        if not self.file:
            return self.complaint["words"] if self.complaint else self.stderr.strip()
        starts = [hunk.source_start for hunk in self.hunks]
        number = starts.index(self.line) + 1 if self.line in starts else "?"
        return f"{self.file}, hunk {number} (line {self.line})"

    @property
    def lines_shown(self) -> tuple[int, int]:
        """The first and the last line of the file that `comparison` shows; 0 when none."""
        hunk = self.hunk
        if hunk is None:
            return 0, 0
        return max(self.line - MARGIN, 1), self.line + hunk.source_length + MARGIN - 1

    @property
    def hunk(self) -> Hunk | None:
        """The hunk that does not apply."""
        return next((hunk for hunk in self.hunks if hunk.source_start == self.line), None)

    @property
    def hunks(self) -> list[Hunk]:
        """The hunks of the patch to the file at which it fails."""
        return file_hunks(self.patch, self.file.removeprefix(f"{self.into}/"))

    def comparison(self, content: str) -> str:
        """The hunk that does not apply, and the `lines_shown` of the file, which are `content`."""
        if self.hunk is None:
            return self.stderr
        first, _ = self.lines_shown
        shown = lines(content)
        numbered = "\n".join(f"{n:6} {line}" for n, line in enumerate(shown, first))
        return (
            f"{self}\n\nThe patch expects:\n{hunk_text(self.hunk, self.patch)}\n"
            f"It met, in lines {first} to {first + len(shown) - 1} of {self.file}:\n{numbered}\n"
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
