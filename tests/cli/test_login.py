"""Who presses: where the name and the password come from, and where they go."""

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.master_client import Client, Credentials
from cli.transport import require_confidential
from tests.cli.conftest import Slipway
from tests.cli.master import PASSWORD, USER, Master, master


def test_a_wrong_password_is_refused_and_never_shown(demo: Master, slipway: Slipway) -> None:
    shown = slipway("promote", "blog", "--yes", SLIPWAY_PASSWORD="wrong horse")
    assert shown.exit_code == 3
    assert "refused the login of releaser" in shown.stderr
    assert "wrong horse" not in shown.output + "".join(demo.asked)
    assert not demo.pressed


def test_a_password_goes_to_the_login_alone(demo: Master, slipway: Slipway) -> None:
    slipway("promote", "blog", "--yes")
    assert demo.signed == ["/auth/login"]
    assert not any(PASSWORD in path for path in demo.asked)


def test_a_server_without_passwords_is_told(demo: Master, slipway: Slipway) -> None:
    demo.say("/auth/login", b"", status=200)
    shown = slipway("thaw")
    assert shown.exit_code == 3
    assert "offers no login with a password" in shown.stderr


def test_without_any_login_the_ways_to_give_one_are_named(demo: Master, slipway: Slipway) -> None:
    shown = slipway("thaw", SLIPWAY_USER=None, SLIPWAY_PASSWORD=None)
    assert shown.exit_code == 2
    assert "SLIPWAY_USER and SLIPWAY_PASSWORD, or name the server in ~/.netrc" in shown.stderr
    assert not demo.pressed


def test_the_login_may_stand_in_netrc(demo: Master, slipway: Slipway, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f'machine 127.0.0.1 login {USER} password "{PASSWORD}"\n')
    netrc.chmod(0o600)
    assert slipway("thaw", SLIPWAY_USER=None, SLIPWAY_PASSWORD=None).exit_code == 0
    assert slipway("status", SLIPWAY_USER=None, SLIPWAY_PASSWORD=None).exit_code == 0
    assert demo.signed == ["/auth/login"]


@pytest.mark.parametrize("url", ["http://builds.example.org/ci/", "http://192.0.2.1:8010/"])
def test_a_password_does_not_cross_a_network_unencrypted(url: str) -> None:
    with pytest.raises(UsageError, match=r"is not https: .*`ssh -L (80|8010):localhost:"):
        Client(url).log_in(Credentials(USER, PASSWORD))


@pytest.mark.parametrize(
    "url",
    [
        "https://builds.example.org/",
        "http://localhost:8010/",
        "http://ci.localhost/",
        "http://127.0.0.5/",
        "http://[::1]:8010/",
    ],
)
def test_a_password_may_go_to_this_machine_or_over_https(url: str) -> None:
    require_confidential(url)


def test_a_proxy_does_not_see_the_password_for_this_machine(
    demo: Master, slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with master() as proxy:
        monkeypatch.delenv("no_proxy", raising=False)
        shown = slipway("thaw", NO_PROXY=None, http_proxy=proxy.url)
    assert shown.exit_code == 0, shown.output
    assert demo.signed == ["/auth/login"]
    assert not proxy.asked
