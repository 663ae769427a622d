"""Gitlinks: commits of other repositories that a tree records, and where they are to be had."""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, normpath
from typing import NamedTuple

from model.component import Rewrite
from releases.provenance import Material
from steps.lines import lines

FILE = "\f"
"""In the output of `gitlinks.bash`, what stands before the name of a `.gitmodules`."""


WHOLE = r"(https?|ssh|git)://[^\s-]\S*|[\w.-]+@[\w.-]+:[^\s-]\S*"
"""An address on another machine: https://git-scm.com/docs/git-fetch#_git_urls."""


RECORD = "\x1e"
"""What stands behind each of its settings, a key and its value in a line each."""


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


def parsed(listing: str) -> list[Gitlink]:
    """What `gitlinks.bash` prints: `<commit> <path>` lines, then each `.gitmodules`."""
    links, *files = listing.split(FILE)
    given = dict(pair for file in files for pair in modules(file))
    pairs = (line.split(" ", 1) for line in lines(links))
    return [Gitlink(path, commit, given.get(path, "")) for commit, path in pairs]


def modules(listing: str) -> Iterator[tuple[str, str]]:
    """Path in the whole tree and address of each submodule that one `.gitmodules` describes."""
    file, _, records = listing.partition("\n")
    settings: dict[str, dict[str, str]] = {}
    for record in filter(None, records.strip("\n").split(RECORD)):
        key, _, setting = record.partition("\n")
        name, _, what = key.removeprefix("submodule.").rpartition(".")
        settings.setdefault(name, {})[what] = setting
    for module in settings.values():
        if "path" in module and "url" in module:
            yield normpath(f"{dirname(file)}/{module['path']}").lstrip("/"), module["url"]


def addresses(
    links: Iterable[Gitlink], repositories: Mapping[str, str], rules: Iterable[Rewrite]
) -> list[Gitlink]:
    """The same gitlinks with whole, rewritten addresses.

    `repositories` says where what lies at each path came from, to which relative addresses refer.
    """
    rules = tuple(rules)
    return [link._replace(address=rewritten(absolute(link, repositories), rules)) for link in links]


def absolute(link: Gitlink, repositories: Mapping[str, str]) -> str:
    """The address of a submodule, which may be relative to that of what records it.

    https://git-scm.com/docs/gitmodules
    """
    if not link.address.startswith(("./", "../")):
        return link.address
    path = link.path
    while path not in repositories:
        path = dirname(path)
    scheme, _, rest = repositories[path].partition("://")
    return f"{scheme}://{normpath(f'{rest}/{link.address}')}"


def fetchable(address: str, *, local: bool) -> bool:
    """Whether a repository may name this address: never a path here, an option or a program.

    Files are for upstreams that are files themselves, as in tests.
    """
    ours = local and re.fullmatch(r"file:///\S+", address)
    return bool(ours or re.fullmatch(WHOLE, address))


def rewritten(address: str, rules: Iterable[Rewrite]) -> str:
    """The address after the first rule that matches it."""
    for rule in rules:
        if re.search(rule.find, address):
            return re.sub(rule.find, rule.write, address)
    return address
