"""What an answer of OpenStack means for somebody who wants a machine.

Some errors are transient and worth a retry; for the others somebody has to correct something. The
patterns match what the services themselves say, as the tests' recorded answers show.
"""

import re
from collections.abc import Container
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from keystoneauth1.exceptions import CatalogException, MissingRequiredOptions
from keystoneauth1.exceptions import ConnectionError as KeystoneConnectionError
from openstack.exceptions import HttpException


class CloudError(Exception):
    """Why there is no machine; the text is a sentence for people."""

    cause = "failure"
    """A word under which the page counts it."""


class TransientError(CloudError):
    """The same request may succeed later."""

    def __init__(
        self, sentence: str, cause: str, pause: float | None = None, maybe_accepted: bool = False
    ) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.pause = pause
        """Seconds that the service asked us to wait."""
        self.maybe_accepted = maybe_accepted
        """Whether the request may have been accepted nevertheless."""


class QuotaExceeded(TransientError):
    """The project's quota is used up, until a machine is deleted."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "quota")


class InstanceFailed(CloudError):
    """A machine was created and cannot be used; another one may work."""

    def __init__(self, sentence: str, cause: str) -> None:
        super().__init__(sentence)
        self.cause = cause


class ConfigurationError(CloudError):
    """Somebody has to correct a key, or the rights of the credentials."""

    cause = "configuration"

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key
        """The key that is wrong, of `[openstack]` or of a table inside it."""

    def located(self, file: str, table: str, fields: Container[str]) -> str:
        """The whole sentence, with where to correct it.

        `table` is a table such as `openstack.build`, and `fields` are its keys; any other key is
        one of `[openstack]` itself.
        """
        path = table if self.key in fields else "openstack"
        return f"{file}: key '{path}.{self.key}': {self}"


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

CATALOG_ERRORS = (CatalogException, MissingRequiredOptions)
"""A region or a service that is not in the catalog, or an incomplete entry in clouds.yaml."""
HTTP_STATUS = re.compile(r"\(HTTP (\d{3})\)")
BUSY = (408, 409, 413, 425, 429)
UNAUTHORIZED, FORBIDDEN = 401, 403
ERRORS = 500


def classify(error: Exception) -> CloudError:
    """What an exception of openstacksdk or of its session means; a CloudError stays as it is."""
    if isinstance(error, CloudError):
        return error
    status = status_of(error)
    message = message_of(error)
    if status is None:
        return without_status(error, message)
    if status == UNAUTHORIZED:
        return ConfigurationError("cloud", f"its credentials are refused: {message}")
    if status in (FORBIDDEN, 409, 413) and QUOTA.search(message):
        return QuotaExceeded(f"the quota is used up: {message}")
    if status in BUSY or status >= ERRORS:
        maybe_accepted = status >= ERRORS
        sentence = f"OpenStack answers {status}: {message}"
        return TransientError(sentence, f"HTTP {status}", pause_of(error), maybe_accepted)
    if status == FORBIDDEN:
        return ConfigurationError("cloud", f"its credentials may not do this: {message}")
    key = next((key for key, about in KEYS.items() if about.search(message)), "cloud")
    return ConfigurationError(key, message)


def without_status(error: Exception, message: str) -> CloudError:
    """No HTTP answer at all, or one that openstacksdk has turned into a sentence."""
    keystone = HTTP_STATUS.search(message)
    if keystone and int(keystone[1]) < ERRORS and int(keystone[1]) not in BUSY:
        return ConfigurationError("cloud", f"its credentials are refused: {message}")
    if isinstance(error, CATALOG_ERRORS):
        return ConfigurationError("cloud", message)
    if isinstance(error, (KeystoneConnectionError, OSError)) or "connection" in message.lower():
        return TransientError(
            f"OpenStack does not answer: {message}", "no answer", maybe_accepted=True
        )
    return TransientError(f"OpenStack fails: {message}", "failure", maybe_accepted=True)


def classify_fault(fault: str) -> CloudError:
    """What the fault of a machine in state ERROR means."""
    if QUOTA.search(fault):
        return QuotaExceeded(f"the quota is used up: {fault}")
    if "No valid host" in fault:
        return TransientError(f"no host has room: {fault}", "no valid host")
    return InstanceFailed(f"the machine failed: {fault}", "spawn")


def status_of(error: Exception) -> int | None:
    """The HTTP status, whichever library has it."""
    status = error.status_code if isinstance(error, HttpException) else None
    return status or getattr(error, "http_status", None) or None


def message_of(error: Exception) -> str:
    """What the service said, in one line."""
    detail = getattr(error, "details", None)
    message = detail if isinstance(detail, str) and detail else str(error)
    return " ".join(message.split())[:500]


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
