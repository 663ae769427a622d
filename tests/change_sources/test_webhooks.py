"""What forges send is answered so that they go on sending; only forgeries are refused."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from buildbot.util.twisted import async_to_deferred

from change_sources.repository_address import host_and_path
from change_sources.webhook import MAX_BYTES
from tests.change_sources.listening_master import SECRET, ListeningMaster, signed
from tests.conftest import ROOT

EXAMPLES = sorted((ROOT / "node_modules/@octokit/webhooks-examples").glob("*/index.json"))
"""What GitHub and its older enterprise servers send, one file each."""
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
GITHUB = ("github.com", "bugs/blog")


def github(event: str, body: bytes, kind: str = JSON) -> dict[str, str]:
    signature = f"sha256={signed(body)}"
    return {"Content-Type": kind, "X-GitHub-Event": event, "X-Hub-Signature-256": signature}


def gitea(event: str, body: bytes, kind: str = JSON) -> dict[str, str]:
    return {"Content-Type": kind, "X-Gitea-Event": event, "X-Gitea-Signature": signed(body)}


def gitlab(event: str, token: str = SECRET) -> dict[str, str]:
    return {"Content-Type": JSON, "X-Gitlab-Event": event, "X-Gitlab-Token": token}


class Webhooks(ListeningMaster):
    """A master that follows the branch of a theme, and is sent hooks."""

    async def assert_polled(self, forge: str, body: bytes, headers: dict[str, str]) -> None:
        """Commit, post a hook, and wait until the commit is known."""
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="New")
        status, text = await self.post(forge, body, headers)
        assert (status, text) == (200, f"polling {self.theme.address} branch main")
        assert await self.changes(1) == ["New"]

    @async_to_deferred
    async def test_a_ping_is_answered_with_what_is_followed(self) -> None:
        await self.listen()
        payload: dict[str, Any] = {"zen": "Keep it logically awesome.", "hook": {}}
        answers = {
            "": "pong: 2 branches and sets of tags are followed here",
            self.theme.address: f"pong: followed here: {self.theme.address} branch main",
            "https://x/y": "pong: nothing here follows https://x/y",
        }
        for address, expected in answers.items():
            repository = {"repository": {"clone_url": address}} if address else {}
            body = json.dumps(payload | repository).encode()
            assert await self.post("github", body, github("ping", body)) == (200, expected)

    @async_to_deferred
    async def test_a_form_is_read_as_json_is(self) -> None:
        body = b"payload=" + quote_plus(self.push(self.theme)).encode()
        await self.assert_polled("github", body, github("push", body, FORM))

    @async_to_deferred
    async def test_gitea_and_forgejo_make_the_poller_poll(self) -> None:
        body = self.push(self.theme)
        await self.assert_polled("gitea", body, gitea("push", body))

    @async_to_deferred
    async def test_gitlab_makes_the_poller_poll(self) -> None:
        body = json.dumps({"project": {"git_http_url": self.theme.address}}).encode()
        await self.assert_polled("gitlab", body, gitlab("Push Hook"))

    @async_to_deferred
    async def test_a_system_hook_of_gitlab_makes_the_poller_poll(self) -> None:
        payload = {"event_name": "push", "project": {"git_http_url": self.theme.address}}
        await self.assert_polled("gitlab", json.dumps(payload).encode(), gitlab("System Hook"))

    @async_to_deferred
    async def test_a_push_to_a_renamed_repository_is_known_by_its_commit(self) -> None:
        payload = {
            "before": self.theme.git("rev-parse", "HEAD"),
            "repository": {"clone_url": "https://github.com/renamed/theme.git"},
        }
        body = json.dumps(payload).encode()
        await self.assert_polled("github", body, github("push", body))

    @async_to_deferred
    async def test_what_means_nothing_here_is_accepted_with_the_reason(self) -> None:
        await self.listen()
        elsewhere = b'{"repository": {"clone_url": "https://x/y"}}'
        accepted = {
            ("push", elsewhere): "nothing here follows https://x/y",
            ("issues", self.push(self.theme)): "event 'issues' changes no branch and no tag",
            ("membership", b'{"team": {}}'): "event 'membership' changes no branch and no tag",
        }
        for (event, body), expected in accepted.items():
            assert await self.post("github", body, github(event, body)) == (202, expected)
            assert await self.post("gitea", body, gitea(event, body)) == (202, expected)
        assert await self.changes(0) == []

    @async_to_deferred
    async def test_a_forged_webhook_is_answered_403(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"})
        forged = "sha256=" + "0" * 64
        for signature in (None, "", forged, "sha1=abc", "sha256=\xff", "right "):
            for body in (self.push(self.theme), b"{", b""):
                assert (await self.hook(body, signature))[0] == 403
        for token in ("", "wrong", f"{SECRET} x", "\xff"):
            status, text = await self.post("gitlab", b"{}", gitlab("Push Hook", token))
            assert (status, text) == (403, "no valid X-Gitlab-Token")
        headers = gitea("push", b"another body")
        assert (await self.post("gitea", b"{}", headers))[0] == 403
        assert await self.changes(0) == []

    @async_to_deferred
    async def test_a_forge_without_a_secret_on_the_master_is_refused(self) -> None:
        await self.listen()
        secret = self.folder / "keys" / "webhook-gitlab"
        secret.write_text("")
        await self.running.reconfig()
        self.running.secrets_manager.services = []
        status, text = await self.post("gitlab", b"{}", gitlab("Push Hook", ""))
        assert (status, "no secret 'webhook-gitlab'" in text) == (403, True)

    @async_to_deferred
    async def test_what_is_malformed_is_refused_with_the_reason(self) -> None:
        await self.listen()
        rejected = {
            b"{": (400, "not JSON"),
            b"[]": (400, "not a JSON object"),
            b"[" * 100_000: (400, "not JSON"),
            b"{}": (400, "event 'push' without a repository"),
            b'{"repository": "x"}': (400, "event 'push' without a repository"),
            b'{"repository": {"clone_url": 3}}': (400, "event 'push' without a repository"),
            b"\xff\xfe": (400, "not JSON"),
            b" " * (MAX_BYTES + 1): (413, "more than"),
        }
        for body, (status, words) in rejected.items():
            code, answer = await self.hook(body)
            assert (code, words in answer) == (status, True), (body[:40], code, answer)
        for form in (b"", b"payload", b"payload=%FF", b"other=1", b"payload={}&payload={}"):
            code, _ = await self.post("github", form, github("push", form, FORM))
            assert code == 400, form
        assert (await self.post("github", b"{}", github("", b"{}")))[0] == 400
        assert self.flushLoggedErrors() == []

    @async_to_deferred
    async def test_every_example_of_githubs_own_is_accepted(self) -> None:
        await self.listen()
        posted = 0
        for file in EXAMPLES:
            for kind in json.loads(file.read_text("utf-8")):
                for payload in kind["examples"]:
                    as_json = json.dumps(payload).encode()
                    as_form = b"payload=" + quote_plus(as_json).encode()
                    for body, form in ((as_json, JSON), (as_form, FORM)):
                        answer = await self.post("github", body, github(kind["name"], body, form))
                        assert answer[0] in (200, 202), (file, kind["name"], answer)
                        posted += 1
        assert posted > 1000
        assert self.flushLoggedErrors() == []


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("https://github.com/bugs/blog", GITHUB),
        ("https://github.com/bugs/blog.git", GITHUB),
        ("https://www.github.com/Bugs/Blog/", GITHUB),
        ("https://token@github.com/bugs/blog.git", GITHUB),
        ("https://user:token@github.com:443//bugs/blog.git", GITHUB),
        ("git://github.com/bugs/blog.git", GITHUB),
        ("git@github.com:bugs/blog.git", GITHUB),
        ("github.com:bugs/blog", GITHUB),
        ("ssh://git@github.com/bugs/blog.git", GITHUB),
        ("ssh://git@github.com:22/bugs/blog.git", GITHUB),
        ("ssh://git@ssh.github.com:443/bugs/blog.git", GITHUB),
        ("https://github.com/b%75gs/blog", GITHUB),
        ("file:///srv/Blog.git", ("", "srv/blog")),
        ("https://github.com/bugs/blog-2", ("github.com", "bugs/blog-2")),
        ("https://gitlab.com/bugs/blog", ("gitlab.com", "bugs/blog")),
        ("https://[::1]:3000/bugs/blog", ("::1", "bugs/blog")),
        ("https://[broken/bugs/blog", ("", "https:/[broken/bugs/blog")),
        ("", ("", "")),
    ],
)
def test_spellings_of_one_repository_are_equal(spelling: str, expected: tuple[str, str]) -> None:
    assert host_and_path(spelling) == expected
