"""What another account puts into `var/` steers nothing that root does with the checkout.

The account is that of an older installation, to which all of `var/` belongs.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.process_group import BOOT_ID
from local.bootstrap import folders
from local.errors import CommandError
from local.layout import CHECKOUT

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be steered: make test-root"),
]

ATTACKER = "www-data"
BUILD_BACKEND = ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")
"""What a checkout is installed with; the rest of the lock file would only take time."""
WHO = "import os, sys; print(os.getresuid(), os.stat(sys.executable).st_uid)"
BOOTSTRAP = ("/usr/bin/python3", "-B", "-m", "local.bootstrap", "run", "-c", WHO)


class Checkout:
    """A checkout of root's, whose `var` another account prepares."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkout"
        self.var = self.path / "var"
        self.treasure = folder / "treasure"
        self.proof = folder / "proof"
        self.copy_files()
        (self.treasure / "run").mkdir(parents=True)
        (self.treasure / "file").write_text("root's")
        # The kernel lets others link to a file only if they may write to it.
        (self.treasure / "file").chmod(0o666)
        self.proof.touch()
        self.proof.chmod(0o666)
        self.var.mkdir()
        shutil.chown(self.var, ATTACKER, ATTACKER)

    def copy_files(self) -> None:
        list_files = (
            "git",
            "-C",
            CHECKOUT,
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        )
        listed = subprocess.run(list_files, check=True, capture_output=True, text=True).stdout
        for name in filter(lambda name: (CHECKOUT / name).is_file(), listed.splitlines()):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, self.path / name)
        lock = self.path / "requirements.lock"
        lock.write_text("".join(map(str, wanted_requirements(lock.read_text()))))

    def attack(self, script: str) -> None:
        """Have the other account run a shell script in `var`."""
        rights = (f"--reuid={ATTACKER}", f"--regid={ATTACKER}", "--clear-groups")
        names = {"TREASURE": f"{self.treasure}", "PROOF": f"{self.proof}", "VAR": f"{self.var}"}
        subprocess.run(
            ("setpriv", *rights, "sh", "-euc", script),
            cwd=self.var,
            env=os.environ | names,
            check=True,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as root, as a person at a terminal does, with a limit of two minutes."""
        return subprocess.run(
            command, cwd=self.path, check=False, capture_output=True, text=True, timeout=120
        )

    def require_untouched(self) -> None:
        """Nothing of root's was given away or changed, and root ran nothing of the attacker's."""
        for path in (self.treasure, self.treasure / "file", self.treasure / "run"):
            assert path.stat().st_uid == 0, path
        assert (self.treasure / "file").read_text() == "root's"
        assert "0" not in self.proof.read_text().split()


def wanted_requirements(lock: str) -> Iterator[str]:
    """The lines of a lock file about the packages that build a checkout."""
    wanted = False
    for line in lock.splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            wanted = line.partition("==")[0] in BUILD_BACKEND
        if wanted:
            yield line


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Checkout(Path(folder))


PROGRAM = """
program() {
  mkdir -p "$(dirname "$1")"
  printf '#!/bin/sh\\nid -u >>%s\\nexec /usr/bin/python3 "$@"\\n' "$PROOF" >"$1"
  chmod 755 "$1"
}
"""

PREPARED = {
    "links to folders of root's": """
        ln -s "$TREASURE" cache; ln -s "$TREASURE" home; ln -s "$TREASURE" venv
        ln -s "$TREASURE" root; ln -s "$TREASURE" node; ln -s "$TREASURE" run
        ln -s "$TREASURE" cloud
    """,
    "hard links to a file of root's": """
        mkdir -p cache home venv root/cache
        for folder in cache home venv root root/cache .; do ln "$TREASURE/file" $folder/linked; done
    """,
    "a virtual environment that seems complete": PROGRAM
    + """
        for name in python python3 pip; do program venv/bin/$name; done
        program node/node_modules/.bin/npm
        mkdir -p home/.local/lib/python3.11/site-packages root
        echo 'import os; os.system("id -u >>'$PROOF'")' |
          tee home/.local/lib/python3.11/site-packages/usercustomize.py >root/usercustomize.py
        cp ../requirements.lock venv/requirements.lock
        python3 -c '
import hashlib, pathlib
top = pathlib.Path("..").resolve()
lock, project = (top / name for name in ("requirements.lock", "pyproject.toml"))
stamp = hashlib.sha256(lock.read_bytes() + project.read_bytes() + bytes(top))
print(stamp.hexdigest(), end="")' >venv/lock.sha256
    """,
    "settings of pip, npm and git": PROGRAM
    + """
        program program
        mkdir -p root home/.config/pip
        printf '[global]\\ntarget = %s\\n' "$TREASURE" >home/.config/pip/pip.conf
        printf '[core]\\nfsmonitor = %s/program\\n' "$VAR" >home/.gitconfig
        cp -r home root
    """,
    "pipes that nobody writes to": """
        mkfifo venv root node
        mkdir -p run/pids cache home
        mkfifo run/supervisord.pid run/pids/master run/gitconfig cache/pip
    """,
    "files that make might include": """
        for name in Makefile GNUmakefile include.mk run/Makefile; do
          mkdir -p "$(dirname $name)"
          printf '$(shell id -u >>%s)\\n' "$PROOF" >$name
        done
    """,
}


@pytest.mark.parametrize("prepared", PREPARED)
def test_what_another_account_prepared_in_var_is_neither_run_nor_given_away(
    checkout: Checkout, prepared: str
) -> None:
    checkout.attack(PREPARED[prepared])
    started = checkout.run(*BOOTSTRAP)
    for target in ("stop", "clean", "cloud-stop"):
        checkout.run("make", target)
    checkout.require_untouched()
    if not prepared.startswith("links"):
        assert started.returncode == 0, started.stderr


def test_what_root_runs_later_cannot_be_replaced(checkout: Checkout) -> None:
    assert checkout.run(*BOOTSTRAP).returncode == 0
    for name in ("venv", "root", "node", "venv/bin/python", "venv/bin", "root/cache"):
        for change in (f"rm -rf {name}", f"mv {name} elsewhere", f"touch {name}/new"):
            with pytest.raises(subprocess.CalledProcessError):
                checkout.attack(change)
    checkout.attack("mkdir test cache/new")


def test_the_virtual_environment_is_root_s_and_others_run_it(checkout: Checkout) -> None:
    started = checkout.run(*BOOTSTRAP)
    assert started.returncode == 0, started.stderr
    assert started.stdout.splitlines()[-1] == "(0, 0, 0) 0"
    checkout.attack("venv/bin/python -c pass")
    foreign = [path for path in (checkout.var / "venv").rglob("*") if path.lstat().st_uid]
    assert not foreign


def test_in_a_folder_of_an_ordinary_user_root_goes_on_as_that_user(checkout: Checkout) -> None:
    user = pwd.getpwnam("games")
    shutil.chown(checkout.var, user.pw_uid, user.pw_gid)
    started = checkout.run(*BOOTSTRAP)
    assert started.returncode == 0, started.stderr
    own = (user.pw_uid,) * 3
    assert started.stdout.splitlines()[-1].startswith(f"{own}")
    refused = checkout.run("/usr/bin/python3", "-B", "-m", "local.bootstrap", "test-as-root")
    assert "belongs to games: root runs nothing that is there" in refused.stderr


@pytest.mark.parametrize("target", ["stop", "clean"])
def test_a_record_of_root_s_process_does_not_end_it(checkout: Checkout, target: str) -> None:
    with subprocess.Popen(("sleep", "600"), process_group=0) as victim:
        record = f"{Path(f'/proc/{victim.pid}/stat').read_text().strip()} {BOOT_ID.read_text()}"
        checkout.attack(
            f"mkdir -p run/pids; printf '%s' '{record}' >run/pids/master; touch run/gitconfig\n"
            f"echo {victim.pid} >run/supervisord.pid"
        )
        done = checkout.run("make", target)
        assert done.returncode == 0, done.stderr
        assert victim.poll() is None
        victim.kill()


def test_a_link_in_place_of_an_installation_is_refused(checkout: Checkout) -> None:
    (checkout.treasure / "gitconfig").touch()
    checkout.attack('ln -s "$TREASURE" run; ln -s "$TREASURE/.." beside')
    for state in ("var/run", "var/beside/treasure"):
        done = checkout.run("make", "clean", f"STATE={state}")
        assert done.returncode
        assert "root does not follow the link" in done.stderr
    checkout.require_untouched()
    assert (checkout.treasure / "gitconfig").exists()


def test_what_is_linked_from_an_installation_outlives_it(checkout: Checkout) -> None:
    checkout.attack('mkdir run; touch run/gitconfig; ln -s "$TREASURE" run/staging; mkdir run/pids')
    checkout.attack('ln "$TREASURE/file" run/hard; ln -s "$TREASURE" run/home')
    done = checkout.run("make", "clean")
    assert done.returncode == 0, done.stderr
    checkout.require_untouched()
    assert not (checkout.var / "run").exists()


def test_links_of_root_s_are_followed_and_those_of_others_are_not(checkout: Checkout) -> None:
    (checkout.path / "elsewhere").symlink_to(checkout.treasure)
    with folders.opened(checkout.path / "elsewhere") as folder:
        assert os.fstat(folder).st_ino == checkout.treasure.stat().st_ino
    checkout.attack('ln -s "$TREASURE" elsewhere')
    with pytest.raises(CommandError), folders.opened(checkout.var / "elsewhere"):
        pass


def test_programs_of_root_are_looked_for_where_root_alone_writes(checkout: Checkout) -> None:
    checkout.attack(PROGRAM + "program bin/dpkg-query; program bin/unshare; program bin/mount")
    command = ("env", f"PATH={checkout.var}/bin:{os.environ['PATH']}", *BOOTSTRAP)
    started = checkout.run(*command)
    assert started.returncode == 0, started.stderr
    checkout.require_untouched()
