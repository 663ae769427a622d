"""The password of a database, which the build's log does not know, is not shown in it."""

import os
import random
import signal
from pathlib import Path

import pytest

from agent.commands import PATH, run_in_log
from agent.database import read_login
from agent.masked_output import MASK, Masked
from tests.agent import applications
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture
from tests.agent.waiting import has_ended


def test_a_secret_is_replaced_however_it_is_divided() -> None:
    chance = random.Random(7)  # noqa: S311  # the same texts each time
    for _ in range(3000):
        secret = bytes(chance.choices(b"ab", k=chance.randint(1, 5)))
        text = bytes(chance.choices(b"abc", k=chance.randint(0, 30)))
        masked, written, rest = Masked(secret), b"", text
        while rest:
            size = chance.randint(1, 4)
            written += masked.feed(rest[:size])
            rest = rest[size:]
        assert written + masked.end() == text.replace(secret, MASK)


def test_output_and_errors_are_shown_without_the_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "set -x; mariadb=--password=83a474d3; echo $mariadb; printf '\\374 83a4'; exit 3"
    assert run_in_log(["sh", "-c", script], tmp_path, PATH, hidden="83a474d3") == 3
    output, errors = capfd.readouterr()
    assert "--password=<password>" in output
    assert output.endswith(" 83a4")
    assert "+ mariadb=--password=<password>" in errors
    assert "83a474d3" not in output + errors


def test_large_output_is_complete(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = "seq 100000; seq 100000 >&2"
    assert run_in_log(["sh", "-c", script], tmp_path, PATH, hidden="secret") == 0
    expected = "".join(f"{number}\n" for number in range(1, 100001))
    assert capfd.readouterr() == (expected, expected)


def test_a_process_that_is_left_behind_does_not_hold_up_the_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_in_log(["sh", "-c", "sleep 600 & echo $!"], tmp_path, PATH, hidden="secret") == 0
    left = int(capfd.readouterr().out)
    assert not has_ended(left)
    os.kill(left, signal.SIGKILL)


def test_a_migration_that_prints_its_password_does_not_show_it(
    php_server: ServerFixture, blog: Release
) -> None:
    new = applications.blog(php_server, "talking", migration='echo "as $user: $password\\n";')
    assert php_server.prepare(new).code == 0
    password = read_login(php_server.directory("blog"), php_server.instance(new)).password
    result = php_server.rehearse(new)
    assert result.code == 0
    assert ": <password>\n" in result.stdout
    assert password not in result.stdout + result.stderr
    assert php_server.run_agent("abandon", "blog").code == 0
    assert php_server.directory("blog").live == blog.digest
