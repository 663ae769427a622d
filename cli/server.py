"""The master over HTTP: what it answers, who one is to it, and its buttons."""

from typing import cast

from cli.button import Button
from cli.changes import Difference
from cli.connection import Connection, complaint, whole
from cli.login import Login
from cli.shapes import Board, Build, Deployment, Step
from cli.stopped import Refused, Unreachable
from cli.words import harmless, line


class Server(Connection):
    """One master, and a session with it."""

    def page(self, fragment: str) -> str:
        """The address of a page of the UI."""
        return f"{self.address}#/{fragment}"

    # What anybody may ask.

    def board(self) -> Board:
        found = self.asked("plugins/releases/board.json")
        if not isinstance(found, dict) or not {"buttons", "columns", "rows", "now"} <= found.keys():
            raise Unreachable(f"{self.address} answers, but not as a Slipway master")
        return cast(Board, found)

    def history(self, component: str | None) -> list[Deployment]:
        query = {"component": component} if component else {}
        return cast(list[Deployment], self.asked("plugins/releases/history.json", query))

    def difference(self, before: str, after: str, *, backwards: bool = False) -> Difference:
        """Raises Refused when the store holds one of the two no more."""
        query = {"from": before, "to": after} | ({"backwards": "yes"} if backwards else {})
        return cast(Difference, self.asked("plugins/releases/difference.json", query))

    def build(self, request: int) -> Build | None:
        """The last build that a request has led to; none while it waits."""
        found = cast(list[Build], self.asked(f"api/v2/buildrequests/{request}/builds")["builds"])
        return found[-1] if found else None

    def cancelled(self, request: int) -> bool:
        """Whether a request is over and never led to a build."""
        found = self.asked(f"api/v2/buildrequests/{request}")["buildrequests"]
        over = not found or bool(found[0]["complete"])
        return over and self.build(request) is None

    def steps(self, build: Build) -> list[Step]:
        return cast(list[Step], self.asked(f"api/v2/builds/{build['buildid']}/steps")["steps"])

    # What needs a name and a password.

    def log_in(self, login: Login) -> None:
        given = (login.user.encode(), login.password.encode())
        answer = self.sent("GET", "auth/login", auth=given, allow_redirects=False)
        if answer.status_code in (401, 403):
            raise Unreachable(f"{self.address} refused the login of {login.user}")
        if answer.status_code >= 400 or not answer.cookies:
            went = answer.headers.get("location", "nowhere")
            raise Unreachable(
                f"{self.address} offers no login with a password: it answered "
                f"{answer.status_code} and leads to {harmless(line(went))}"
            )

    def press(self, button: Button, fields: dict[str, str]) -> int:
        """Press a button of the UI; the number of the request that it makes."""
        params = {**fields, "builderid": button.builder_id}
        call = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": params}
        answer = self.sent("POST", f"api/v2/forceschedulers/{button.name}", json=call)
        said = whole(answer)
        if said is None and answer.ok:
            raise Unreachable(
                f"the answer broke off; {self.page('releases')} shows what came of it"
            )
        if not answer.ok or not isinstance(said, dict) or "result" not in said:
            raise Refused(f"the master refused: {complaint(said, answer)}")
        return int(next(iter(said["result"][1].values())))
