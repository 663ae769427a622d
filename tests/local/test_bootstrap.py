"""The parts of the bootstrap that need no fresh machine: what it decides and what it says."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local.bootstrap import (
    command,
    folders,
    node_packages,
    packages,
    service_user,
    virtual_environment,
)
from local.errors import CommandError
from local.layout import CHECKOUT
from servers import debian_releases
from servers.debian_releases import BOOKWORM, TRIXIE

ME = pwd.getpwuid(os.getuid())


@pytest.mark.parametrize(
    ("required", "present", "missing"),
    [
        (("caddy", "zstd"), {"caddy", "zstd", "vim"}, ()),
        (("zstd", "caddy"), {"vim"}, ("caddy", "zstd")),
        ((), set(), ()),
    ],
)
def test_missing_packages_are_those_required_and_not_installed(
    required: tuple[str, ...], present: set[str], missing: tuple[str, ...]
) -> None:
    assert packages.missing(required, frozenset(present)) == missing


def test_the_installed_packages_include_dpkg() -> None:
    assert "dpkg" in packages.installed()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("installed\tcaddy\t", ("caddy",)),
        ("config-files\tcaddy\thttpd", ()),
        ("installed\tnodejs\tnpm (= 9), node-types:any", ("nodejs", "npm", "node-types")),
    ],
)
def test_a_package_stands_for_those_that_it_provides(line: str, names: tuple[str, ...]) -> None:
    assert packages.provided_names(line) == names


def test_without_root_nothing_is_tested_as_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert command.test_as_root(["-c", "raise SystemExit(3)"]) == 0
    assert capsys.readouterr().out == "Not root: tests that only root can run are left out.\n"


@pytest.mark.parametrize(
    ("user", "environment", "code", "says"),
    [
        (0, {}, 0, False),
        (0, {"CI": "true"}, 0, False),
        (1000, {}, 0, True),
        (1000, {"CI": "true"}, command.LEFT_OUT, True),
    ],
)
def test_left_out_tests_are_reported_and_fail_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    user: int,
    environment: dict[str, str],
    code: int,
    says: bool,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "environ", environment)
    assert command.report_left_out() == code
    assert capsys.readouterr().out.endswith("as root, run: make test-root test-cloud\n") is says


def test_make_test_ends_with_the_report_of_left_out_tests() -> None:
    make = ("make", "--dry-run", "--no-print-directory", "test")
    printed = subprocess.run(make, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    commands = [line for line in printed.splitlines() if "local.bootstrap" in line]
    assert commands[-1].endswith("local.bootstrap report-left-out")
    assert sum("test-as-root" in line for line in commands) == 3


def test_the_run_of_continuous_integration_sets_ci_for_make(tmp_path: Path) -> None:
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "$CI $*"\n')
    make.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    run = (CHECKOUT / ".ci" / "run",)
    assert subprocess.run(run, env=path, check=True, capture_output=True).stdout == b"true test\n"


def test_a_user_who_may_not_install_packages_gets_the_exact_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CommandError) as refusal:
        packages.privilege_for(packages.install_commands(("caddy", "zstd"), BOOKWORM))
    assert str(refusal.value) == (
        "Debian packages are missing; as root, run: "
        "apt-get update && apt-get install --yes --no-install-recommends caddy zstd"
    )


def test_on_debian_13_the_php_linter_comes_from_debian_12() -> None:
    update, install, *older = packages.install_commands(("caddy", "php-codesniffer"), TRIXIE)
    assert update == ("apt-get", "update")
    assert install[-1] == "caddy"
    assert [command[2:] for command in older] == [("bookworm", "php-codesniffer")]
    assert len(packages.install_commands(("caddy", "php-codesniffer"), BOOKWORM)) == 2


def test_another_release_of_debian_is_refused_with_those_that_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_releases, "OS_RELEASE", tmp_path / "os-release")
    (tmp_path / "os-release").write_text('PRETTY_NAME="Debian GNU/Linux 11"\n')
    with pytest.raises(CommandError) as refusal:
        packages.to_run()
    assert str(refusal.value) == (
        "this machine has 'Debian GNU/Linux 11'; "
        "allowed are Debian 12 (bookworm), Debian 13 (trixie)"
    )


@pytest.mark.parametrize(
    ("mode", "mine", "opens"),
    [(0o700, True, True), (0o600, True, False), (0o711, False, True), (0o770, False, False)],
)
def test_a_folder_is_entered_by_its_owner_or_when_everybody_may(
    mode: int, mine: bool, opens: bool
) -> None:
    owner = ME.pw_uid if mine else ME.pw_uid + 1
    group = ME.pw_gid + 1
    folder = os.stat_result((stat.S_IFDIR | mode, 0, 0, 0, owner, group, 0, 0, 0, 0))
    assert service_user.is_enterable(folder, ME) is opens


def test_the_topmost_closed_folder_is_named(tmp_path: Path) -> None:
    checkout = tmp_path / "shut" / "deep" / "checkout"
    checkout.mkdir(parents=True)
    assert service_user.topmost_closed(checkout, ME) is None
    (tmp_path / "shut").chmod(0o600)
    assert service_user.topmost_closed(checkout, ME) == tmp_path / "shut"
    (tmp_path / "shut").chmod(0o700)


def test_the_refusal_names_every_closed_folder(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o600)
    message = service_user.closed_message(tmp_path / "shut", ME)
    assert message.endswith(f"open it with: chmod a+x {tmp_path / 'shut'}")


def test_var_stays_with_the_ordinary_user_whom_it_belongs_to(tmp_path: Path) -> None:
    assert service_user.service_user(tmp_path).pw_uid in (
        ME.pw_uid,
        pwd.getpwnam("www-data").pw_uid,
    )
    assert service_user.service_user(tmp_path / "absent").pw_name == "www-data"


def test_commands_get_a_clean_environment_that_still_reaches_registries(tmp_path: Path) -> None:
    outer = {"HOME": "/root", "LD_PRELOAD": "x", "https_proxy": "http://proxy", "PIP_CERT": "/c"}
    environment = service_user.environment(outer, tmp_path / "venv", tmp_path)
    assert "LD_PRELOAD" not in environment
    assert (environment["https_proxy"], environment["PIP_CERT"]) == ("http://proxy", "/c")
    assert environment["HOME"] == f"{tmp_path}/home"
    assert environment["PATH"].startswith(f"{tmp_path}/venv/bin:")
    assert environment["PYTHONPYCACHEPREFIX"].startswith(str(tmp_path))


@pytest.mark.real
def test_a_half_made_virtual_environment_is_made_again_and_a_whole_one_is_not(
    tmp_path: Path,
) -> None:
    lock, folder = tmp_path / "empty.lock", tmp_path / "venv"
    lock.write_text("")
    (folder / "bin").mkdir(parents=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    virtual_environment.ensure(folder, lock, environment)
    made = (folder / "bin" / "python").lstat().st_mtime_ns
    virtual_environment.ensure(folder, lock, environment)
    assert (folder / "bin" / "python").lstat().st_mtime_ns == made


def test_a_registry_that_does_not_answer_is_reported_in_one_line(tmp_path: Path) -> None:
    nobody = ("--index-url", "http://127.0.0.1:1/simple", "--retries", "0")
    pip = (sys.executable, "-m", "pip", "install", "--target", f"{tmp_path}")
    with pytest.raises(CommandError, match="the package registry does not answer") as refusal:
        virtual_environment.run((*pip, *nobody, "rich"), {"HOME": str(tmp_path)})
    assert "\n" not in str(refusal.value)


@pytest.mark.real
def test_half_installed_npm_packages_are_installed_again_and_complete_ones_are_not(
    tmp_path: Path,
) -> None:
    checkout, folder = tmp_path / "checkout", tmp_path / "var" / "node"
    checkout.mkdir()
    (folder / "node_modules" / "half").mkdir(parents=True)
    (checkout / "package.json").write_text('{"name": "empty", "version": "1.0.0"}')
    (checkout / "package-lock.json").write_text(
        '{"name": "empty", "version": "1.0.0", "lockfileVersion": 3, "packages": {}}'
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    node_packages.ensure(folder, checkout, environment)
    assert not (folder / "node_modules" / "half").exists()
    (folder / "node_modules" / "kept").mkdir(parents=True)
    node_packages.ensure(folder, checkout, environment)
    assert (folder / "node_modules" / "kept").exists()
    (checkout / "package.json").write_text('{"name": "changed", "version": "1.0.0"}')
    node_packages.ensure(folder, checkout, environment)
    assert not (folder / "node_modules" / "kept").exists()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "npm ERR! code ECONNREFUSED\nnpm ERR! errno ECONNREFUSED\n",
            "the package registry does not answer (npm ERR! code ECONNREFUSED)",
        ),
        ("npm warn old\nnpm error code EUSAGE\nnpm error other\n", "npm error code EUSAGE"),
        ("", "npm printed no error"),
    ],
)
def test_what_npm_complains_of_is_said_in_one_line(output: str, sentence: str) -> None:
    assert node_packages.complaint(output) == sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_named_with_its_owner(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var").chmod(0o500)
    with pytest.raises(CommandError, match=f"cannot write in {tmp_path}/var"):
        command.require_writable(tmp_path / "var")
    (tmp_path / "var").chmod(0o700)


def test_a_full_disk_is_named_with_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "REQUIRED_BYTES", 10**18)
    with pytest.raises(CommandError, match=f"not enough disk space at {tmp_path}: .* GB needed"):
        command.require_free_space(tmp_path)


RELEASES = "servers.debian_releases"


def test_the_bootstrap_needs_nothing_but_the_standard_library() -> None:
    for module in (
        command,
        debian_releases,
        folders,
        node_packages,
        packages,
        service_user,
        virtual_environment,
    ):
        lines = Path(str(module.__file__)).read_text().splitlines()
        imports = [line.split()[1] for line in lines if line.startswith(("import ", "from "))]
        for name in imports:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or top == "local" or name == RELEASES
