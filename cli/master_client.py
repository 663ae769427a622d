"""The master over HTTP: its answers, the login, and its buttons."""

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict, cast
from urllib.parse import urlsplit

import click
import requests

from cli.answers import Board, Deployment, Difference, HistoryPage, StoreReport
from cli.errors import ActionRefused, MasterUnreachable, UsageError
from cli.transport import is_loopback, require_confidential
from cli.words import one_line, without_control_characters

SERVER_HELP = (
    "name the server: slipway --server https://builds.example.org/ …, or SLIPWAY_SERVER in the "
    "environment; it is the address of the Buildbot page, and `make run` prints it"
)
LOGIN_HELP = (
    "this needs a login: set SLIPWAY_USER and SLIPWAY_PASSWORD, or name the server in ~/.netrc, "
    "or run it in a terminal, which asks"
)
READ_SECONDS = 60
"""The first comparison of two large releases takes the master some time."""
CONNECT_SECONDS = 10
TOO_MANY_REQUESTS = 429
DECISION = "decision"
"""The property of a build that says what the rules decided."""
MOST_ON_PAGE = 200
"""Deployments that the master answers at once."""
ATTEMPTS = 3
"""Buildbot 4.3.0 may end an answer too early, https://github.com/buildbot/buildbot/issues/9065."""


class BuildData(TypedDict):
    """A build as Buildbot's own API describes it."""

    buildid: int
    builderid: int
    number: int
    complete: bool
    results: int | None
    started_at: int
    complete_at: int | None
    state_string: str
    properties: NotRequired[dict[str, tuple[Any, str]]]
    """The one that was asked for, with where it comes from."""


class BuildStep(TypedDict):
    """A step as Buildbot's own API describes it."""

    name: str
    started_at: int | None
    complete: bool


@dataclass(frozen=True)
class Button:
    """A force scheduler, and the builder that a press of it starts."""

    name: str
    builder_id: int


@dataclass(frozen=True)
class Credentials:
    """A user's name and password; the password is never shown."""

    user: str
    password: str = field(repr=False)


class Client:
    """One master, and an HTTP session with it."""

    def __init__(self, address: str | None) -> None:
        self.address = server_address(address)
        self.session = requests.Session()
        self.session.auth = no_authentication

    def page(self, fragment: str) -> str:
        """The address of a page of the UI."""
        return f"{self.address}#/{fragment}"

    # What everybody may read.

    def board(self) -> Board:
        board = self.get("plugins/releases/board.json")
        if not isinstance(board, dict) or not {"columns", "rows", "now"} <= board.keys():
            raise MasterUnreachable(f"{self.address} answers, but not as a Slipway master")
        return cast(Board, board)

    def history(self, component: str | None, count: int | None) -> tuple[list[Deployment], bool]:
        """The last deployments, all without a count; and whether there are older ones."""
        deployments: list[Deployment] = []
        query = {"component": component} if component else {}
        while True:
            left = MOST_ON_PAGE if count is None else count - len(deployments)
            query["limit"] = str(min(left, MOST_ON_PAGE))
            page = cast(HistoryPage, self.get("plugins/releases/history.json", query))
            deployments += page["deployments"]
            if not page["older"] or len(deployments) == count:
                return deployments, bool(page["older"])
            query["older"] = page["older"]

    def difference(self, before: str, after: str, *, backwards: bool = False) -> Difference:
        """Raises ActionRefused when one of the two is not in the store any more."""
        query = {"from": before, "to": after} | ({"backwards": "yes"} if backwards else {})
        return cast(Difference, self.get("plugins/releases/difference.json", query))

    def store(self) -> StoreReport:
        return cast(StoreReport, self.get("plugins/releases/store.json"))

    def build(self, request: int) -> BuildData | None:
        """The last build of a build request; None while the request waits."""
        path = f"api/v2/buildrequests/{request}/builds"
        builds = cast(list[BuildData], self.get(path, {"property": DECISION})["builds"])
        return builds[-1] if builds else None

    def is_cancelled(self, request: int) -> bool:
        """Whether a build request is complete and never led to a build."""
        requests_ = self.get(f"api/v2/buildrequests/{request}")["buildrequests"]
        is_complete = not requests_ or bool(requests_[0]["complete"])
        return is_complete and self.build(request) is None

    def steps(self, build: BuildData) -> list[BuildStep]:
        steps = self.get(f"api/v2/builds/{build['buildid']}/steps")["steps"]
        return cast(list[BuildStep], steps)

    # What needs a login.

    def log_in(self, credentials: Credentials | None = None) -> None:
        """Raises MasterUnreachable when the login is refused.

        Without credentials, those of the person at the terminal are used; raises UsageError when
        there are none, and where a password would cross a network unencrypted.
        """
        require_confidential(self.address)
        credentials = credentials or find_credentials(self.address)
        auth = credentials.user.encode(), credentials.password.encode()
        response = self.send("GET", "auth/login", auth=auth, allow_redirects=False)
        if response.status_code in (401, 403):
            raise MasterUnreachable(f"{self.address} refused the login of {credentials.user}")
        if response.status_code >= 400 or not response.cookies:
            target = one_line(response.headers.get("location", "nowhere"))
            raise MasterUnreachable(
                f"{self.address} offers no login with a password: it answered "
                f"{response.status_code} and leads to {without_control_characters(target)}"
            )

    def press(self, button: Button, fields: dict[str, str]) -> int:
        """Start the button's force scheduler; the id of the build request."""
        params = {**fields, "builderid": button.builder_id}
        call = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": params}
        response = self.send("POST", f"api/v2/forceschedulers/{button.name}", json=call)
        body = read_json(response)
        if body is None and response.ok:
            raise MasterUnreachable(
                f"the answer broke off; {self.page('releases')} shows what came of it"
            )
        if not response.ok or not isinstance(body, dict) or "result" not in body:
            raise ActionRefused(f"the master refused: {error_message(body, response)}")
        return int(next(iter(body["result"][1].values())))

    # HTTP.

    def get(self, path: str, query: dict[str, str] | None = None) -> Any:
        """The JSON at a path; raises MasterUnreachable, or ActionRefused for an HTTP error.

        A master whom too many people ask is asked again when it says so.
        """
        for _ in range(ATTEMPTS):
            response = self.send("GET", path, params=query)
            body = read_json(response)
            if response.status_code == TOO_MANY_REQUESTS:
                time.sleep(float(response.headers.get("Retry-After", 1)))
            elif body is not None:
                break
        if body is None:
            raise MasterUnreachable(
                f"{self.address} answers, but not as a Slipway master "
                f"({response.status_code} for {path})"
            )
        if not response.ok:
            raise ActionRefused(error_message(body, response))
        return body

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        url = f"{self.address}{path}"
        if is_loopback(urlsplit(url).hostname or ""):
            options["proxies"] = {"http": "", "https": ""}  # none, also if the environment has one
        try:
            return self.session.request(method, url, timeout=timeout, stream=True, **options)
        except requests.RequestException as error:
            raise MasterUnreachable(
                f"no master answers at {self.address}: {connection_problem(error)}"
            ) from None


def server_address(address: str | None) -> str:
    """A server's address with a slash at its end; raises UsageError."""
    if not address:
        raise UsageError(SERVER_HELP)
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"'{address}' is no address of a server; {SERVER_HELP}")
    if parts.username is not None:
        raise UsageError(
            "no name and password in an address; use SLIPWAY_USER and SLIPWAY_PASSWORD"
        )
    return parts._replace(path=parts.path.rstrip("/") + "/", query="", fragment="").geturl()


def find_credentials(address: str) -> Credentials:
    """From the environment, ~/.netrc or a question; raises UsageError where none can be asked."""
    user, password = os.environ.get("SLIPWAY_USER"), os.environ.get("SLIPWAY_PASSWORD")
    if user and password:
        return Credentials(user, password)
    netrc = None if user or password else requests.utils.get_netrc_auth(address)
    if netrc:
        return Credentials(*netrc)
    if not sys.stdin.isatty():
        raise UsageError(LOGIN_HELP)
    return Credentials(
        user or click.prompt("Your name", err=True),
        password or click.prompt("Your password", hide_input=True, err=True),
    )


def no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from sending the password of ~/.netrc with every request."""
    return request


def read_json(response: requests.Response) -> Any:
    """The body of a response; None when it is cut off or is not JSON."""
    try:
        return without_control_characters(response.json())
    except requests.RequestException:
        return None


def error_message(body: Any, response: requests.Response) -> str:
    """The master's own sentence."""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    messages = message.values() if isinstance(message, dict) else [message]
    text = one_line("; ".join(str(part) for part in messages if part))
    return text or f"it answers {response.status_code}"


def connection_problem(error: requests.RequestException) -> str:
    match error:
        case requests.exceptions.SSLError():
            return "its certificate is not trusted (REQUESTS_CA_BUNDLE names one that is)"
        case requests.Timeout():
            return "nothing came in time"
        case requests.ConnectionError():
            return "the connection failed"
    return type(error).__name__
