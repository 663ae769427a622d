"""A button of the master pressed from the terminal, and what came of it."""

from cli.button import Button
from cli.following import Following
from cli.login import login
from cli.output import Output
from cli.server import Server
from cli.stopped import Interrupted, Refused


def logged_in(server: Server) -> None:
    """Before anything is asked or shown: whoever may not press learns it at once."""
    server.log_in(login(server.address))


def pressed(
    server: Server, output: Output, title: str, button: Button, fields: dict[str, str]
) -> int:
    """Press, follow, tell; the exit code."""
    try:
        request = server.press(button, fields)
    except KeyboardInterrupt:
        where = server.page("releases")
        raise Interrupted(f"interrupted; {where} shows whether {title} goes on") from None
    ended = Following(server, title, request).end()
    told = {"button": button.name, "outcome": ended.outcome, "said": ended.said, "page": ended.page}
    mark = "✓" if ended.well else "✗"
    output.answer(told, f"{mark} {title}: {ended.said}", f"  {ended.page}")
    return 0 if ended.well else Refused.code


def nothing(output: Output, said: str) -> int:
    """Nothing needs to be pressed, which is as good as done."""
    output.answer({"button": None, "outcome": "nothing moved", "said": said, "page": None}, said)
    return 0
