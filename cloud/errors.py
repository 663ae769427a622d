"""What an answer of OpenStack means for somebody who wants a machine.

Some trouble passes and is worth waiting for; the rest is a mistake that somebody has to correct.
The words are those of the services themselves, as the tests' recorded answers show them.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from keystoneauth1.exceptions import CatalogException, MissingRequiredOptions
from keystoneauth1.exceptions import ConnectionError as Unreachable
from openstack.exceptions import HttpException

from model.openstack import Lane


class Trouble(Exception):
    """Why there is no machine; the text is a sentence for people."""

    cause = "trouble"
    """A word to count it by."""


class Passes(Trouble):
    """The same request may succeed later."""

    def __init__(
        self, sentence: str, cause: str, pause: float | None = None, unsure: bool = False
    ) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.pause = pause
        """Seconds that the service asked us to wait."""
        self.unsure = unsure
        """Whether the request may have been accepted all the same."""


class Full(Passes):
    """The project's quota is used up: there is room again when a machine has gone."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "quota")


class Unusable(Trouble):
    """A machine was made and is of no use; another one may be."""

    def __init__(self, sentence: str, cause: str) -> None:
        super().__init__(sentence)
        self.cause = cause


class Mistake(Trouble):
    """Somebody has to correct a key, or the rights of the credentials."""

    cause = "configuration"

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key
        """The key of `[openstack]`, or of one of its lanes, that is wrong."""

    def at(self, file: str, lane: str) -> str:
        """The whole sentence, with where to correct it."""
        table = f"openstack.{lane}" if self.key in Lane.model_fields else "openstack"
        return f"{file}: key '{table}.{self.key}': {self}"


QUOTA = re.compile(
    r"quota exceeded|exceeded (for )?quota|overquota|exceeds .*quota|"
    r"maximum number of \w+ exceeded",
    re.IGNORECASE,
)
KEYS = {
    "flavor": re.compile(r"flavor", re.IGNORECASE),
    "image": re.compile(r"image", re.IGNORECASE),
    "security_groups": re.compile(r"security.group", re.IGNORECASE),
    "key": re.compile(r"key_?name|keypair|key pair", re.IGNORECASE),
    "zones": re.compile(r"availability.zone", re.IGNORECASE),
    "network": re.compile(r"network|port|subnet", re.IGNORECASE),
    "volume_gb": re.compile(r"volume|block.device", re.IGNORECASE),
}
"""What a refused request is about; the first that matches."""

WRONG = (CatalogException, MissingRequiredOptions)
"""A region or a service that the catalog has not, or an incomplete entry in clouds.yaml."""
SENTENCE = re.compile(r"\(HTTP (\d{3})\)")
BUSY = (408, 409, 413, 425, 429)
UNAUTHORIZED, FORBIDDEN = 401, 403
ERRORS = 500


def meaning(error: Exception) -> Trouble:
    """What an exception of openstacksdk or of its session means; gives Trouble back as it is."""
    if isinstance(error, Trouble):
        return error
    status = status_of(error)
    said = words(error)
    if status is None:
        return without_status(error, said)
    if status == UNAUTHORIZED:
        return Mistake("cloud", f"its credentials are refused: {said}")
    if status in (FORBIDDEN, 409, 413) and QUOTA.search(said):
        return Full(f"the quota is used up: {said}")
    if status in BUSY or status >= ERRORS:
        unsure = status >= ERRORS
        sentence = f"OpenStack answers {status}: {said}"
        return Passes(sentence, f"HTTP {status}", pause_of(error), unsure)
    if status == FORBIDDEN:
        return Mistake("cloud", f"its credentials may not do this: {said}")
    key = next((key for key, about in KEYS.items() if about.search(said)), "cloud")
    return Mistake(key, said)


def without_status(error: Exception, said: str) -> Trouble:
    """No HTTP answer at all, or one that openstacksdk has turned into a sentence."""
    keystone = SENTENCE.search(said)
    if keystone and int(keystone[1]) < ERRORS and int(keystone[1]) not in BUSY:
        return Mistake("cloud", f"its credentials are refused: {said}")
    if isinstance(error, WRONG):
        return Mistake("cloud", said)
    if isinstance(error, (Unreachable, OSError)) or "connection" in said.lower():
        return Passes(f"OpenStack does not answer: {said}", "no answer", unsure=True)
    return Passes(f"OpenStack fails: {said}", "failure", unsure=True)


def unfit(fault: str) -> Trouble:
    """What the fault of a machine in state ERROR means."""
    if QUOTA.search(fault):
        return Full(f"the quota is used up: {fault}")
    if "No valid host" in fault:
        return Passes(f"no host has room: {fault}", "no valid host")
    return Unusable(f"the machine failed: {fault}", "spawn")


def status_of(error: Exception) -> int | None:
    """The HTTP status, whichever library has it."""
    status = error.status_code if isinstance(error, HttpException) else None
    return status or getattr(error, "http_status", None) or None


def words(error: Exception) -> str:
    """What the service said, in one line."""
    detail = getattr(error, "details", None)
    said = detail if isinstance(detail, str) and detail else str(error)
    return " ".join(said.split())[:500]


def pause_of(error: Any) -> float | None:
    """Seconds of a header Retry-After, which may also be a date (RFC 9110, 10.2.3)."""
    response = getattr(error, "response", None)
    header = response.headers.get("Retry-After") if response is not None else None
    if not header:
        return None
    if header.isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
