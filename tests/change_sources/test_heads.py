"""The last head of a branch is built, whatever happens to master, hooks and branch meanwhile."""

import hashlib
import hmac
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from cloud.polling import wait_until
from local.layout import CHECKOUT
from tests.repositories import Repository

pytestmark = pytest.mark.real

SECRET = "shared with GitHub"
ROUNDS, PUSHES = 10, 25
"""After each round nothing more is pushed until its last heads are built."""
PATIENCE = 60
"""Seconds until the last head of a round is built; a master starts in three of them."""


class Master:
    """The master's process, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self) -> None:
        command = (sys.executable, "-B", "-m", "tests.change_sources.heads_master", self.folder)
        self.process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}/"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def hook(self, repository: Repository) -> None:
        body = json.dumps({"repository": {"clone_url": repository.address}}).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        address = f"{self.url}change_hook/github"
        assert requests.post(address, body, headers=headers, timeout=30).status_code == 200

    def read(self, path: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}api/v2/{path}", timeout=30).json()
        return list(answer[path.partition("?")[0]])

    def running(self) -> list[int]:
        """The builds that run, by id."""
        return [build["buildid"] for build in self.read("builds?complete=false")]

    def stop(self, builds: Iterable[int]) -> None:
        """Press the button "Stop" of these builds; one that has ended stays as it is."""
        for build in builds:
            call: Any = {"jsonrpc": "2.0", "method": "stop", "id": 1, "params": {"reason": "test"}}
            requests.post(f"{self.url}api/v2/builds/{build}", json=call, timeout=30)

    @property
    def taken(self) -> list[list[str]]:
        """The heads of upstream and theme that finished builds took, the last build's last."""
        file = self.folder / "taken"
        return [line.split() for line in file.read_text().splitlines()] if file.exists() else []

    def await_build(self, *repositories: Repository) -> None:
        heads = [repository.git("rev-parse", "main") for repository in repositories]
        built = wait_until(lambda: self.taken[-1:] == [heads], PATIENCE, 0.05)
        assert built, f"{heads} not built: {self.taken[-3:]}"

    def await_change(self, repository: Repository) -> None:
        """Wait until the head of a repository is recorded."""
        head = repository.git("rev-parse", "main")

        def is_recorded() -> bool:
            return head in {change["revision"] for change in self.read("changes")}

        assert wait_until(is_recorded, PATIENCE, 0.05)

    def await_idle(self) -> None:
        """Wait until no build request is left."""
        assert wait_until(lambda: not self.read("buildrequests?complete=false"), PATIENCE, 0.05)


@pytest.fixture
def repositories(tmp_path: Path) -> tuple[Repository, Repository]:
    upstream, theme = Repository(tmp_path / "upstream"), Repository(tmp_path / "theme")
    for repository in (upstream, theme):
        repository.commit({"file": "first\n"})
        repository.git("checkout", "--quiet", "--detach")  # so that `main` can be deleted
    return upstream, theme


@pytest.fixture
def poll_seconds() -> int:
    return 1


only_hooks = pytest.mark.parametrize("poll_seconds", [3600])


@pytest.fixture
def master(
    tmp_path: Path, repositories: tuple[Repository, Repository], poll_seconds: int
) -> Iterator[Master]:
    upstream, theme = repositories
    files = {
        "site/site.toml": f'title = "S"\nreleasers = ["ana"]\npoll_seconds = {poll_seconds}\n',
        "site/environments/staging.toml": (
            'domain = "s.example"\nindexed = false\ntls = "internal"'
        ),
        "site/components/blog/component.toml": f"""
            title = "Blog"
            runtime = "static"
            host = "blog"
            upstream = {{repository = "{upstream.address}", branch = "main"}}
            [[overlays]]
            repository = "{theme.address}"
            branch = "main"
            into = "theme"
            """,
        "secrets/webhook-github": SECRET,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(text)
    running = Master(tmp_path)
    running.start()
    yield running
    running.kill()


def push(repository: Repository, chance: random.Random) -> None:
    """Move the branch in one of the ways in which people move it."""
    before = repository.git("rev-parse", "--verify", "--quiet", "main")
    kind = chance.choice(("commit", "commit", "rewind", "remake", "strange"))
    ancestor = chance.choice(repository.git("rev-list", "--max-count=5", before).split())
    if kind == "rewind":  # a force-push, often to a head that was built before
        repository.git("update-ref", "refs/heads/main", ancestor)
    elif kind == "remake":
        repository.git("branch", "--quiet", "-D", "main")
        time.sleep(chance.uniform(0, 0.1))
        repository.git("branch", "--quiet", "main", ancestor)
    elif kind == "commit":
        push_one(repository)
    else:
        head = strange_commit(repository, before, chance)
        repository.git("update-ref", "refs/heads/main", head)


def strange_commit(repository: Repository, parent: str, chance: random.Random) -> str:
    """A commit whose author and message are any bytes, and whose date is far away."""

    def some_bytes(size: int) -> bytes:
        return chance.randbytes(size).translate(None, b"\0\n<>")

    date = chance.choice((0, 4102444800, 1764000000))
    person = b"J\xf6rg" + some_bytes(20) + b" <" + some_bytes(8) + b"> %d +0000" % date
    return repository.commit_object(parent, person, b"\xc4nderung " + some_bytes(200))


def test_no_merge_is_lost(master: Master, repositories: tuple[Repository, Repository]) -> None:
    chance = random.Random(2024)  # noqa: S311  # the same pushes each time
    master.await_build(*repositories)
    for _ in range(ROUNDS):
        for _ in range(PUSHES):
            repository = chance.choice(repositories)
            push(repository, chance)
            for _ in range(chance.choice((0, 0, 1, 2))):  # hooks come double, or never
                master.hook(chance.choice((repository, *repositories)))  # or late
            if chance.random() < 0.1:
                master.stop(master.running())
            time.sleep(chance.uniform(0, 0.1))
        push_one(chance.choice(repositories))  # what was stopped before is built with it
        if chance.random() < 0.6:
            master.kill()
            for repository in repositories:
                push(repository, chance)
            master.start()
        master.await_build(*repositories)


@only_hooks
def test_a_push_of_many_commits_is_one_change_and_at_most_two_builds(
    master: Master, repositories: tuple[Repository, Repository]
) -> None:
    master.await_build(*repositories)
    master.await_idle()
    changes, builds = len(master.read("changes")), len(master.read("builds"))
    upstream, _ = repositories
    first = upstream.git("rev-parse", "main")
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@b> {1764000000 + n} +0000\ndata 1\n{n % 10}\n"
        + (f"from {first}\n" if n == 0 else "")
        + f"M 644 inline file\ndata {len(str(n))}\n{n}\n"
        for n in range(2500)
    )
    command = ("git", "-C", upstream.folder, "fast-import", "--quiet", "--force")
    subprocess.run(command, input=stream.encode(), check=True)
    for _ in range(3):
        master.hook(upstream)
    master.await_build(*repositories)
    master.await_idle()
    assert len(master.read("changes")) == changes + 1
    assert len(master.read("builds")) - builds in (1, 2)


@only_hooks
def test_a_head_that_a_build_has_taken_before_the_poll_is_not_built_again(
    master: Master, repositories: tuple[Repository, Repository]
) -> None:
    master.await_build(*repositories)
    master.await_idle()
    upstream, theme = repositories
    for repository in repositories:
        push_one(repository)
    master.hook(theme)
    master.await_build(*repositories)
    builds = len(master.read("builds"))
    master.hook(upstream)
    master.await_change(upstream)
    master.await_idle()
    assert len(master.read("builds")) == builds


@only_hooks
def test_a_head_whose_build_is_stopped_by_somebody_is_built(
    master: Master, repositories: tuple[Repository, Repository]
) -> None:
    """The build began for another head, and took this one before it was recorded."""
    master.await_build(*repositories)
    master.await_idle()
    hold = master.folder / "hold"
    hold.touch()
    upstream, theme = repositories
    for repository in repositories:
        push_one(repository)
    master.hook(theme)
    assert wait_until(lambda: bool(master.running()), PATIENCE, 0.05)
    running = master.running()
    master.hook(upstream)
    master.await_change(upstream)
    master.stop(running)
    hold.unlink()
    master.await_build(*repositories)


def push_one(repository: Repository, parent: str = "main") -> None:
    """Move the branch to a new commit."""
    head = repository.git("commit-tree", f"{parent}^{{tree}}", "-p", parent, "-m", str(uuid4()))
    repository.git("update-ref", "refs/heads/main", head)
