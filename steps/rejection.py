"""A patch that does not apply: which one, in which file, at which hunk, and what it met there."""

import re
from dataclasses import dataclass
from typing import Self

from steps.lines import lines

REJECTED = re.compile(r"^error: patch failed: (?P<file>.+):(?P<line>\d+)$", re.MULTILINE)
SENTENCE = re.compile(r"^(?:error|fatal): (.+)$", re.MULTILINE)
MARGIN = 3
"""Lines of the upstream shown before and after those that a hunk speaks of."""


@dataclass(frozen=True)
class Hunk:
    """One hunk of a patch to one file."""

    first: int
    """The line at which it expects to apply."""
    length: int
    """How many lines it expects to find."""
    text: str


@dataclass(frozen=True)
class Rejection:
    """What `series.bash` prints of the first patch that does not apply."""

    number: int
    count: int
    name: str
    subject: str
    complaint: str
    patch: str
    into: str = ""
    """The path of the tree that the patch is for."""

    @classmethod
    def of(cls, printed: str, complaint: str, into: str = "") -> Self:
        """A head line, then the whole patch; what git said comes beside it."""
        head, _, patch = printed.partition("\n")
        number, count, name, subject = head.split("\t", 3)
        return cls(int(number), int(count), name, subject, complaint, patch, into)

    def __str__(self) -> str:
        titled = f"{self.name} '{self.subject}'" if self.subject else self.name
        return f"patch {self.number} of {self.count} does not apply: {titled}: {self.place}"

    @property
    def file(self) -> str:
        """The file in the tree, empty when git names none."""
        rejected = REJECTED.search(self.complaint)
        return rejected["file"] if rejected else ""

    @property
    def place(self) -> str:
        """`src/x.php, hunk 2 (line 40)`, or git's own sentence."""
        rejected = REJECTED.search(self.complaint)
        if rejected is None:
            said = SENTENCE.search(self.complaint)
            return said[1] if said else self.complaint.strip()
        line = int(rejected["line"])
        numbers = [n for n, hunk in enumerate(self.hunks, 1) if hunk.first == line]
        return f"{self.file}, hunk {numbers[0] if numbers else '?'} (line {line})"

    @property
    def hunks(self) -> list[Hunk]:
        """The hunks of the patch to the file that it fails at."""
        return hunks(self.patch, self.file.removeprefix(f"{self.into}/"))

    def beside(self, met: str) -> str:
        """The hunk that does not apply, and the lines of the file where it was to apply."""
        rejected = REJECTED.search(self.complaint)
        found = [h for h in self.hunks if rejected and h.first == int(rejected["line"])]
        if not found:
            return self.complaint
        hunk = found[0]
        there = lines(met)
        first = max(hunk.first - MARGIN, 1)
        last = min(hunk.first + hunk.length + MARGIN - 1, len(there))
        numbered = "\n".join(f"{n:6} {there[n - 1]}" for n in range(first, last + 1))
        return (
            f"{self}\n\nThe patch expects:\n{hunk.text}\n"
            f"It met, in lines {first} to {last} of {self.file}:\n{numbered}\n"
        )


def hunks(patch: str, file: str) -> list[Hunk]:
    """The hunks of a patch to one file, by the name that it has there."""
    found = []
    for section in re.split(r"^(?=diff --git |--- (?!$))", patch, flags=re.MULTILINE):
        named = re.search(r"^--- \"?[^/\n]+/(?P<file>[^\t\n\"]+)", section, re.MULTILINE)
        name = unquoted(named["file"].strip()) if named else ""
        if name and file == name:
            found += [hunk(text) for text in re.split(r"^(?=@@ -)", section, flags=re.M)[1:]]
    return found


def unquoted(name: str) -> str:
    """A file name as it is, from the octal bytes in which git quotes an unusual one."""
    raw = re.sub(rb"\\([0-7]{3})", lambda byte: bytes([int(byte[1], 8)]), name.encode())
    return raw.decode("utf-8", "replace")


def hunk(text: str) -> Hunk:
    """A hunk without what follows it in the mail: as many lines as its head announces."""
    head, *rest = lines(text)
    found = re.match(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", head)
    first, *lengths = (int(number or 1) for number in found.groups()) if found else (0, 0, 0)
    old, new = lengths
    kept = [head]
    for line in rest:
        if old <= 0 and new <= 0 and not line.startswith("\\"):
            break
        old -= not line.startswith(("+", "\\"))
        new -= not line.startswith(("-", "\\"))
        kept.append(line)
    return Hunk(first, lengths[0], "\n".join(kept))
