"""One HTTP session with the master: what is sent, and what a broken or strange answer means."""

from typing import Any

import requests

from cli.address import checked
from cli.stopped import Refused, Unreachable
from cli.words import harmless, line

PATIENCE = 60
"""Seconds; the first comparison of two large releases takes the master some."""
REACH = 10
"""Seconds until a connection stands."""
TRIES = 3
"""Buildbot 4.3.0 may end an answer too early, https://github.com/buildbot/buildbot/issues/9065."""


class Connection:
    """Asks and sends; knows no endpoint."""

    def __init__(self, address: str | None) -> None:
        self.address = checked(address)
        self.session = requests.Session()
        self.session.auth = unsigned

    def asked(self, path: str, query: dict[str, str] | None = None) -> Any:
        for _ in range(TRIES):
            answer = self.sent("GET", path, params=query)
            said = whole(answer)
            if said is not None:
                break
        if said is None:
            raise Unreachable(
                f"{self.address} answers, but not as a Slipway master "
                f"({answer.status_code} for {path})"
            )
        if not answer.ok:
            raise Refused(complaint(said, answer))
        return said

    def sent(self, method: str, path: str, **more: Any) -> requests.Response:
        url = f"{self.address}{path}"
        try:
            return self.session.request(method, url, timeout=(REACH, PATIENCE), stream=True, **more)
        except requests.RequestException as broken:
            raise Unreachable(f"no master answers at {self.address}: {cause(broken)}") from None


def unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep the password of ~/.netrc out of whatever anybody may ask."""
    return request


def whole(answer: requests.Response) -> Any:
    """What an answer says; None when it is cut off or is not JSON."""
    try:
        return harmless(answer.json())
    except requests.RequestException:
        return None


def complaint(said: Any, answer: requests.Response) -> str:
    """The master's own sentence."""
    error = said.get("error") if isinstance(said, dict) else None
    words = error.get("message") if isinstance(error, dict) else error
    each = words.values() if isinstance(words, dict) else [words]
    return line("; ".join(str(one) for one in each if one)) or f"it answers {answer.status_code}"


def cause(broken: requests.RequestException) -> str:
    match broken:
        case requests.exceptions.SSLError():
            return "its certificate is not trusted (REQUESTS_CA_BUNDLE names one that is)"
        case requests.Timeout():
            return "nothing came in time"
        case requests.ConnectionError():
            return "the connection failed"
    return type(broken).__name__
