"""The login with a password, of which the master has only a hash."""

from pathlib import Path
from typing import Any

from buildbot.util.twisted import async_to_deferred
from buildbot.www.auth import CustomAuth
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import DeferredLock
from twisted.internet.threads import deferToThread

NOBODY = b"$argon2id$v=19$m=19456,t=2,p=1$" + b"A" * 22 + b"$" + b"A" * 43
"""No password has this hash. Unknown users are compared with it, so that they take as long."""


class PasswordAuth(CustomAuth):
    """Compares passwords with the lines `user:hash` of a file, which is read at each login."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.comparing = DeferredLock()

    @async_to_deferred
    async def requestAvatarId(self, cred: Any) -> bytes:
        """The user's name; raises UnauthorizedLogin.

        One login at a time, because each takes a thread, a processor and 19 MiB for a moment.
        """
        await self.comparing.acquire()
        try:
            fits = await deferToThread(self.check_credentials, cred.username, cred.password)
        finally:
            self.comparing.release()
        if not fits:
            raise UnauthorizedLogin
        return bytes(cred.username)

    def check_credentials(self, username: bytes, password: bytes) -> bool:
        """Runs in a thread; a line that holds no hash fits no password."""
        lines = (line.partition(b":") for line in self.file.read_bytes().splitlines())
        hashes = {user: text for user, _, text in lines}
        try:
            stored = hashes.get(username, NOBODY).decode(errors="replace")
            Argon2id.verify_phc_encoded(password, stored)
        except InvalidKey:
            return False
        return True
