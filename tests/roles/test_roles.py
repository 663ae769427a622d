"""Each folder of `roles/` is a role; nothing but the program that applies them needs pyinfra."""

import subprocess
import sys
from importlib import import_module

import pytest

from model.role import BASE, ROLES, in_order, roles
from tests.conftest import ROOT
from tests.test_layers import MAY_IMPORT, imports


@pytest.mark.parametrize("name", sorted(roles()))
def test_a_role_says_what_a_server_shall_have_and_how_one_sees_that_it_works(name: str) -> None:
    module = import_module(f"roles.{name}.deploy")
    assert callable(module.deploy)
    assert callable(module.checks)


def test_every_folder_is_a_role() -> None:
    folders = {path.name for path in ROLES.iterdir() if (path / "deploy.py").exists()}
    assert folders == roles().keys()


def test_a_role_is_made_after_those_that_it_needs() -> None:
    order = in_order(["edge", "database", "app"])
    assert order[0] == BASE
    assert order.index("app") < min(order.index("edge"), order.index("database"))


def test_only_roles_import_pyinfra() -> None:
    """It brings gevent into a process."""
    found = {
        path.relative_to(ROOT).parts[0]
        for folder in MAY_IMPORT
        for path in (ROOT / folder).rglob("*.py")
        if {"pyinfra", "gevent"} & set(imports(path))
    }
    assert found == {"roles"}


def test_the_program_reads_its_plan_before_it_connects() -> None:
    command = (sys.executable, "-B", "-m", "roles.apply", "--dry-run")
    done = subprocess.run(
        command, cwd=ROOT, input='{"site": "/nowhere"}', capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "signing_key" in done.stderr
