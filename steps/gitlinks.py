"""Gitlinks: the submodules that a tree records, and the addresses to fetch them from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, normpath
from typing import NamedTuple

from model.component import Rewrite
from releases.provenance import Material

FILE_MARK = "\f"
"""What `gitlinks.bash` prints before the name of each `.gitmodules`."""

REMOTE_ADDRESS = r"(https?|ssh|git)://[^\s-]\S*|[\w.-]+@[\w.-]+:[^\s-]\S*"
"""An address on another machine: https://git-scm.com/docs/git-fetch#_git_urls."""


class Gitlink(NamedTuple):
    """A submodule as the tree records it, with the address that `.gitmodules` gives."""

    path: str
    commit: str
    address: str

    @property
    def material(self) -> Material:
        return Material(
            repository=self.address, release="submodule", commit=self.commit, into=self.path
        )


def parse_gitlinks(fields: Iterable[str]) -> list[Gitlink]:
    """Read what `gitlinks.bash` prints: `<commit> <path>` fields, then each `.gitmodules`."""
    commits: dict[str, str] = {}
    files: dict[str, list[str]] = {}
    settings = None
    for field in fields:
        if field.startswith(FILE_MARK):
            settings = files.setdefault(field.removeprefix(FILE_MARK), [])
        elif settings is None:
            commit, _, path = field.partition(" ")
            commits[path] = commit
        else:
            settings.append(field)
    addresses = dict(pair for file in files for pair in parse_gitmodules(file, files[file]))
    return [Gitlink(path, commit, addresses.get(path, "")) for path, commit in commits.items()]


def parse_gitmodules(file: str, fields: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Path in the whole tree and address of each submodule in one `.gitmodules`."""
    settings: dict[str, dict[str, str]] = {}
    for field in fields:
        key, _, setting = field.partition("\n")
        name, _, kind = key.removeprefix("submodule.").rpartition(".")
        settings.setdefault(name, {})[kind] = setting
    for module in settings.values():
        if "path" in module and "url" in module:
            yield normpath(f"{dirname(file)}/{module['path']}").lstrip("/"), module["url"]


def resolve_addresses(
    links: Iterable[Gitlink], repositories: Mapping[str, str], rules: Iterable[Rewrite]
) -> list[Gitlink]:
    """The same gitlinks with absolute, rewritten addresses.

    `repositories` holds the repository of each path of the tree: relative addresses refer to it.
    """
    rules = tuple(rules)
    addresses = ((link, absolute_address(link, repositories)) for link in links)
    return [link._replace(address=rewritten_address(address, rules)) for link, address in addresses]


def absolute_address(link: Gitlink, repositories: Mapping[str, str]) -> str:
    """The address of a submodule; git allows one relative to the repository that records it.

    https://git-scm.com/docs/gitmodules
    """
    if not link.address.startswith(("./", "../")):
        return link.address
    path = link.path
    while path not in repositories:
        path = dirname(path)
    scheme, _, rest = repositories[path].partition("://")
    return f"{scheme}://{normpath(f'{rest}/{link.address}')}"


def is_fetchable(address: str, *, local: bool) -> bool:
    """Whether a submodule may have this address: never a path here, an option or a program.

    `local` allows `file://` addresses, for upstreams that are files themselves, as in tests.
    """
    file = local and re.fullmatch(r"file:///\S+", address)
    return bool(file or re.fullmatch(REMOTE_ADDRESS, address))


def rewritten_address(address: str, rules: Iterable[Rewrite]) -> str:
    """The address after the first rule that matches it."""
    for rule in rules:
        if re.search(rule.find, address):
            return re.sub(rule.find, rule.write, address)
    return address
