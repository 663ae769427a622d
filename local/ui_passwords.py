"""Who may log in to the UI: hashes for the master, and clear text for the operator alone."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from secrets import token_urlsafe

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from local.errors import CommandError
from local.layout import Layout

UI_PASSWORDS = "ui-passwords"
"""The secret with a line `user:hash` for each user."""

BYTES = 32
HASHED = "$argon2id$"
"""How each hash begins: https://github.com/P-H-C/phc-string-format."""


def ensure(users: Collection[str], layout: Layout) -> None:
    """Generate the missing passwords, and replace clear text among the hashes by its hash.

    Both are added to the operator's file first, so that an interruption loses no password.
    """
    secret = layout.secrets / UI_PASSWORDS
    stored = read_lines(secret)
    new = {user: text for user, text in stored.items() if not text.startswith(HASHED)}
    new |= {user: token_urlsafe(BYTES) for user in users if user not in stored}
    if new:
        write_lines(layout, layout.ui_passwords, passwords(layout) | new)
        hashes = {user: password_hash(password) for user, password in new.items()}
        write_lines(layout, secret, stored | hashes)


def passwords(layout: Layout) -> dict[str, str]:
    """The passwords by user, without those that the operator deleted from the file."""
    return read_lines(layout.ui_passwords)


def password_hash(password: str) -> str:
    """Argon2id with the memory (in KiB) and iterations of OWASP's Password Storage Cheat Sheet."""
    salt = os.urandom(16)
    function = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return function.derive_phc_encoded(password.encode())


def read_lines(file: Path) -> dict[str, str]:
    """By user, what stands after the colon; nothing when there is no file."""
    try:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file}: is not UTF-8, which this file must be") from None
    return {user: text for user, _, text in (line.partition(":") for line in lines) if text}


def write_lines(layout: Layout, file: Path, texts: Mapping[str, str]) -> None:
    write_private(layout, file, "".join(f"{user}:{text}\n" for user, text in texts.items()))


def write_private(layout: Layout, file: Path, text: str) -> None:
    """Write a file atomically, readable by us alone.

    The draft is not in the folder of secrets, because Buildbot reads that whole folder.
    """
    draft = layout.state / ".secret"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(file)
