"""The command as people type it, against a recorded master."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from tests.cli.master import PASSWORD, USER, Master, master

Slipway = Callable[..., Result]
LOOKING = ["status", "history", "diff", "storage"]
PRESSING = [
    *("promote", "approve", "rollback", "revert", "hold", "unhold", "configure", "freeze", "thaw"),
]
COMMANDS = [*LOOKING, *PRESSING]


@pytest.fixture
def demo() -> Iterator[Master]:
    with master() as running:
        yield running


@pytest.fixture
def slipway(demo: Master, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slipway:
    """Run the command without a terminal, as the releaser unless said otherwise."""
    environment = {
        "HOME": str(tmp_path),
        "COLUMNS": "160",
        "NO_PROXY": "127.0.0.1",
        "SLIPWAY_SERVER": demo.url,
        "SLIPWAY_USER": USER,
        "SLIPWAY_PASSWORD": PASSWORD,
    }
    monkeypatch.delenv("NETRC", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, **changed: str | None) -> Result:
        return CliRunner().invoke(main, words, env=changed)

    return run
