"""Git repositories made on the spot."""

import os
import subprocess
from pathlib import Path

PERSON = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (
        ("NAME", "Ana"),
        ("EMAIL", "ana@example.org"),
        ("DATE", "2026-01-02T03:04:05Z"),
    )
}


class Repository:
    """A repository with one work tree, whose address is a `file://` URL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def address(self) -> str:
        return f"file://{self.folder}"

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        environment = os.environ | PERSON
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout.strip()

    def commit(self, files: dict[str, str], tag: str | None = None, subject: str = "Work") -> str:
        """Commit these files, tag the commit, and say its id."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", subject)
        if tag:
            self.git("tag", "-a", tag, "-m", tag)
        return self.git("rev-parse", "HEAD")

    def commit_object(self, parent: str, person: bytes, message: bytes) -> str:
        """Write a commit with the tree of its parent as it stands here, and say its id."""
        tree, parent = self.git("rev-parse", f"{parent}^{{tree}}", parent).split()
        head = f"tree {tree}\nparent {parent}\n".encode()
        people = b"author %s\ncommitter %s\n\n" % (person, person)
        command = ["git", "-C", str(self.folder), "hash-object", "-t", "commit", "-w", "--stdin"]
        done = subprocess.run(
            [*command, "--literally"],
            input=head + people + message,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().strip()

    def patch(self, files: dict[str, str], subject: str) -> str:
        """The mailed patch of a change that is taken back again."""
        self.commit(files, subject=subject)
        text = self.git("format-patch", "--stdout", "-1") + "\n"
        self.git("reset", "--quiet", "--hard", "HEAD^")
        return text
