"""Dependencies point at the model, and each folder imports only what its place allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

MAY_IMPORT = {
    "model": set(),
    "releases": {"model", "buildbot"},
    "agent": {"model", "releases"},
    "cloud": {"model"},
    "steps": {"model", "releases", "change_sources", "buildbot"},
    "change_sources": {"model", "buildbot"},
    "schedulers": {"model", "releases", "change_sources", "buildbot"},
    "builders": {"model", "releases", "schedulers", "steps", "buildbot"},
    "workers": {"model", "cloud", "buildbot"},
    "web": {"model", "releases", "change_sources", "buildbot"},
    "cli": set(),
    "servers": {"model", "agent", "cloud"},
    "roles": {"model", "agent", "servers"},
    "local": {"model", "releases", "agent", "cloud", "servers", "cli"},
    "tools": set(),
}
KNOWN = MAY_IMPORT.keys() | {"buildbot"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_a_folder_imports_only_what_its_place_allows(folder: str) -> None:
    allowed = MAY_IMPORT[folder] | {folder}
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    wrong = {str(path.relative_to(ROOT)): set(imports(path)) & KNOWN - allowed for path in modules}
    assert not {path: names for path, names in wrong.items() if names}


def test_the_agent_runs_without_buildbot() -> None:
    history = set(imports(ROOT / "releases" / "provenance.py"))
    assert "buildbot" not in history


def test_master_cfg_composes_and_never_decides() -> None:
    tree = ast.parse((ROOT / "master.cfg").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.FunctionDef)]
    assert len((ROOT / "master.cfg").read_text().splitlines()) <= 60
