"""What is printed at the terminal of the person, who may be root."""

import pytest
from rich.console import Console

from local.errors import CommandError, exit_on_error
from local.progress import plain


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("check failed: /", "check failed: /"),
        ("\x1b]0;title\x07\x1b[2Jgone", " ]0;title  [2Jgone"),
        ("\x9b2J", " 2J"),
        ("[red]no markup[/]", "[red]no markup[/]"),
        ("grün ✓\nred", "grün ✓\nred"),
    ],
)
def test_what_a_build_says_cannot_command_the_terminal(text: str, printed: str) -> None:
    console = Console(force_terminal=True, color_system="standard", highlight=False)
    with console.capture() as capture:
        console.print(plain(text), end="")
    assert capture.get() == printed


def test_the_end_of_a_log_in_an_error_cannot_command_the_terminal() -> None:
    def fail() -> None:
        raise CommandError("the end of its log:\n\x1b[2Jgone")

    with pytest.raises(SystemExit, match=r"^slipway: the end of its log:\n \[2Jgone$"):
        exit_on_error(fail)
