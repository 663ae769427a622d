"""The command as a whole: what its help promises, and what it needs to run."""

import ast
import sys
from collections.abc import Iterator

from tests.cli.conftest import COMMANDS, Slipway
from tests.conftest import ROOT


def test_the_help_and_the_document_list_every_exit_code_and_command(slipway: Slipway) -> None:
    shown = slipway("--help").output
    document = (ROOT / "docs" / "terminal.md").read_text()
    for code in (0, 1, 2, 3, 130):
        assert f"\n    {code} " in shown
        assert f"| {code} |" in document
    for command in COMMANDS:
        assert f"\n  {command} " in shown
        assert f"$ slipway {command}" in document


def modules() -> Iterator[str]:
    for path in (ROOT / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)


def test_the_command_runs_where_only_its_three_libraries_are() -> None:
    assert set(modules()) - sys.stdlib_module_names == {"cli", "click", "requests", "rich"}
