"""What a machine can check of names and imports: each name is used once, and no import is circular.

The lists of exceptions only shrink: an exception that is not needed any more fails too.
"""

import ast
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeVar

from tests.conftest import ROOT
from tests.test_layers import MAY_IMPORT

N = TypeVar("N", bound=Hashable)
WORDS = {"told", "said", "asked", "heard", "known", "found", "tried", "made"}
"""Verbs of speech and bare participles, which do not say what a class or a function is."""

GENERATED = {"cli.answers"}
"""Modules that repeat the classes of others, because they are written from them."""

SHARED = {
    "board": "the board as a value, and as the terminal shows it",
    "buttons": "what the buttons are called, and the schedulers that they start",
    "deploy": "the builders of deployments, and what each role does to a server",
    "difference": "the difference of two releases as a value, and as the terminal shows it",
    "errors": "each folder's own",
    "freeze": "the windows of a site, and the command that freezes",
    "history": "what happened to a component in an environment, and as the terminal shows it",
    "retention": "how long artifacts and logs are kept, what removes others, and when",
    "site_wide": "the rules for all components together, and their builder",
    "status": "what serves: the agent's command, and the terminal's",
    "trial": "our changes on newer releases: the report, its steps, builder, scheduler and command",
}
"""Names of several modules that are one subject in several folders, with the reason."""


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = [path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py")]
TREES = {dotted(path): ast.parse(path.read_text("utf-8")) for path in PATHS}
"""The product's modules, parsed, by dotted name; a package's is that of its `__init__.py`."""


def imports(name: str) -> Iterator[str]:
    """Our modules that a module imports, also when only for types."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in TREES)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import, which this test does not follow"
            whole = str(node.module)
            parts = {f"{whole}.{alias.name}" for alias in node.names} & TREES.keys()
            yield from parts or {whole} & TREES.keys()


def circle(graph: Mapping[N, Collection[N]]) -> list[N]:
    """One circle of a graph; empty for none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        return list(cycle.args[1])
    return []


def repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def definitions() -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every class, function and method, also inside others, with its module."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield module, node


def test_a_class_has_a_name_of_its_own() -> None:
    classes = (
        node.name
        for module, node in definitions()
        if isinstance(node, ast.ClassDef) and module not in GENERATED
    )
    assert not repeated(classes)


def test_a_module_has_a_name_of_its_own_or_a_reason_to_share_one() -> None:
    shared = repeated(path.stem for path in PATHS if path.stem[0] != "_")
    assert not shared - {*SHARED}
    assert not {*SHARED} - shared, "these names are used once: delete their reasons"


def test_no_class_or_function_is_named_by_a_verb_of_speech_or_a_bare_participle() -> None:
    named = (
        f"{module}.{node.name}" for module, node in definitions() if node.name.lower() in WORDS
    )
    assert not {*named}


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    assert not circle({name: {*imports(name)} for name in TREES})


def test_folders_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {folder: set() for folder in MAY_IMPORT}
    for name in TREES:
        folder = name.partition(".")[0]
        graph[folder] |= {imported.partition(".")[0] for imported in imports(name)} - {folder}
    assert not circle(graph)


def test_a_circle_is_found() -> None:
    """The check itself, on a graph that no product has."""
    assert not circle({"a": ["b", "c"], "b": ["c"], "c": []})
    assert {*circle({"a": ["b"], "b": ["c"], "c": ["b"]})} == {"b", "c"}
