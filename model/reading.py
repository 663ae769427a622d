"""Read a TOML file of a site as a model, or raise errors that say what to correct."""

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails


class InvalidSite(ValueError):
    """All errors in the files of a site, one line each."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(self.errors))


class Model(BaseModel):
    """A frozen value that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def tree_path(path: str) -> str:
    """Refuse a path that leads out of the tree."""
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise ValueError("must be a relative path without '..'")
    if not re.fullmatch(r"[\w./@+-]+", path):
        raise ValueError("may hold letters, digits and ._/@+- only")
    return path.rstrip("/")


def host_name(labels: str) -> str:
    """Refuse labels that neither DNS nor a certificate can hold."""
    for label in labels.split(".") if labels else ():
        if len(label) > 63 or label.startswith("-") or label.endswith("-"):
            raise ValueError(f"label '{label}' must have at most 63 characters, '-' not at an end")
    return labels


def url_path(path: str) -> str:
    """Refuse what cannot be sent in a request."""
    if not re.fullmatch(r"/([\w.~!$&'()*+,;=:@/?\[\]-]|%[0-9A-Fa-f]{2})*", path, re.ASCII):
        raise ValueError("must begin with '/'; write other characters than ASCII's as '%C3%BC'")
    return path


def branch_name(branch: str) -> str:
    """Refuse what git does: https://git-scm.com/docs/git-check-ref-format."""
    parts = branch.split("/")
    if (
        re.search(r"[\s\x00-\x1f\x7f~^:?*\[\\]|\.\.|@\{", branch)
        or branch.startswith("-")
        or branch.endswith(".")
        or branch == "@"
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    ):
        raise ValueError(f"'{branch}' cannot be the name of a branch")
    return branch


def command_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what no process can be started with."""
    if not words[0] or any("\0" in word for word in words):
        raise ValueError("must begin with a program, and no word may hold a NUL character")
    return words


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,23}$")]
"""Lower case, because builders, database schemas, folders and host names contain it."""

Port = Annotated[int, Field(ge=1, le=65535)]

TreePath = Annotated[str, AfterValidator(tree_path)]
"""A path inside a component's tree."""

Branch = Annotated[str, AfterValidator(branch_name)]

UrlPath = Annotated[str, AfterValidator(url_path)]
"""A path with a query, as it is sent."""

Command = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(command_words)]
"""A program and its arguments; no shell reads it."""

Repository = Annotated[str, StringConstraints(pattern=r"^(https|ssh|file)://\S+$")]

M = TypeVar("M", bound=BaseModel)


def read(path: Path, kind: type[M], **derived: Any) -> M:
    """Read one TOML file as a model; the `derived` keys come from the file's path.

    Raises InvalidSite with every error of the file: the file, the key and what is allowed.
    """
    try:
        declared = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InvalidSite([f"{path}: this file is missing"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSite([f"{path}: not TOML: {error}"]) from None
    reserved = sorted(derived.keys() & declared.keys())
    if reserved:
        raise InvalidSite(f"{path}: key '{key}' is not written, it is derived" for key in reserved)
    try:
        return kind.model_validate(declared | derived)
    except ValidationError as invalid:
        errors = invalid.errors()
        raise InvalidSite(f"{path}: {error_message(error, kind)}" for error in errors) from None


def error_message(error: ErrorDetails, kind: type[BaseModel]) -> str:
    """One error as a sentence: the key, what is wrong with it, what is allowed."""
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return unknown_key(error["loc"], kind)
    if error["type"] == "missing":
        return f"key '{key}' is missing"
    allowed = error.get("ctx", {}).get("pattern")
    wrong = f"must match {allowed}" if allowed else error["msg"].removeprefix("Value error, ")
    return f"key '{key}': {wrong}" if key else wrong


def unknown_key(location: tuple[int | str, ...], kind: type[BaseModel]) -> str:
    """The sentence for an unknown key, with the keys that are allowed."""
    *parents, key = location
    expected = sorted(keys(kind, tuple(parents)))
    close = get_close_matches(str(key), expected, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    path = ".".join(str(part) for part in location)
    return f"unknown key '{path}'{hint}; expected one of {', '.join(expected)}"


def keys(kind: type[BaseModel], parents: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at `parents` may hold, read from the model's own JSON Schema."""
    schema = kind.model_json_schema()
    table = schema
    for part in parents:
        table = table["items"] if isinstance(part, int) else table["properties"][part]
        table = next((option for option in table.get("anyOf", []) if "$ref" in option), table)
        if "$ref" in table:
            table = schema["$defs"][table["$ref"].rpartition("/")[2]]
    return list(table["properties"])
