"""A release runs only on a server whose runtime has an allowed version."""

from pathlib import Path

import pytest

from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.versions import require_version
from model.release import Manifest
from tests.agent import applications, service_applications
from tests.agent.server_setup import create_server


def manifest(runtime: str, version: str | None) -> Manifest:
    components = {
        "php": applications.BLOG,
        "static": applications.SPECS,
        "node": service_applications.API,
    }
    manifest = Manifest.of(components.get(runtime, service_applications.NOTES))
    return manifest.model_copy(update={"runtime_version": version})


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("php", "8.*"), ("node", "*.*.*"), ("python", "3.*"), ("static", None), ("php", None)],
)
def test_a_matching_version_is_accepted(runtime: str, version: str | None, tmp_path: Path) -> None:
    require_version(
        ComponentDirectory(create_server(tmp_path, ()).settings, "docs"), manifest(runtime, version)
    )


@pytest.mark.parametrize(
    ("runtime", "why"),
    [
        ("php", r"docs needs php 5\.\*; this server has 8\.\d+\.\d+$"),
        ("node", r"docs needs node 5\.\*; this server has \d+\.\d+\.\d+$"),
        ("python", r"docs needs python 5\.\*; this server has 3\.\d+\.\d+$"),
        ("static", r"docs needs static 5\.\*; static has no versions$"),
    ],
)
def test_another_version_is_refused(runtime: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=why):
        require_version(
            ComponentDirectory(create_server(tmp_path, ()).settings, "docs"),
            manifest(runtime, "5.*"),
        )


def test_a_missing_runtime_is_named(tmp_path: Path) -> None:
    server = create_server(tmp_path, ()).settings.model_copy(update={"php_fpm": "php-fpm4.1"})
    with pytest.raises(AgentError, match=r"docs needs php 8\.\*; this server has none$"):
        require_version(ComponentDirectory(server, "docs"), manifest("php", "8.*"))
