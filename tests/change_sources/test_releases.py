"""The tags of an upstream whose server does not answer."""

import socket

import pytest
from git.exc import GitCommandError

from change_sources import release_poller


def test_a_repository_that_never_answers_holds_no_thread_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(release_poller, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(GitCommandError):
            release_poller.tags_of(f"git://127.0.0.1:{port}/upstream.git")
