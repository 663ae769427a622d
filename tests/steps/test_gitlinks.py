"""Gitlinks: the submodules that a tree records, and the addresses to fetch them from."""

import pytest

from model.component import Rewrite
from steps.gitlinks import Gitlink, is_fetchable, parse_gitlinks, resolve_addresses

LISTING = [
    "aaaa extensions/A",
    "bbbb skins/a name\nwith  spaces",
    "cccc extensions/A/inner",
    "dddd forgotten",
    "\f.gitmodules",
    "submodule.extensions/A.path\nextensions/A",
    "submodule.extensions/A.url\nhttps://example.org/A.git",
    "submodule.no value.url",
    "submodule.a name.path\nskins/a name\nwith  spaces",
    "submodule.a name.url\n../skins.git",
    "\fextensions/A/.gitmodules",
    "submodule.inner.path\ninner",
    "submodule.inner.url\n./inner.git",
]


def test_each_gitlink_has_the_address_of_the_file_that_describes_it() -> None:
    assert parse_gitlinks(LISTING) == [
        Gitlink("extensions/A", "aaaa", "https://example.org/A.git"),
        Gitlink("skins/a name\nwith  spaces", "bbbb", "../skins.git"),
        Gitlink("extensions/A/inner", "cccc", "./inner.git"),
        Gitlink("forgotten", "dddd", ""),
    ]


def test_a_tree_without_gitlinks_has_none() -> None:
    assert parse_gitlinks([]) == []


RULES = (
    Rewrite(
        find=r"^https://gerrit\.example\.org/r/p/mediawiki/(extensions|skins)/(\w+)(\.git)?$",
        write=r"https://github.com/wikimedia/mediawiki-\1-\2.git",
    ),
    Rewrite(find="^git://", write="https://"),
    Rewrite(find="^https://example", write="https://never.example"),
)
REPOSITORIES = {"": "https://example.org/r/core.git", "themes/ours": "https://github.com/us/t.git"}
REWRITTEN = {
    ("a", "../b.git"): "https://never.example.org/r/b.git",
    ("a", "./b.git"): "https://never.example.org/r/core.git/b.git",
    ("themes/ours/x", "../y.git"): "https://github.com/us/y.git",
    ("themes/oursx", "../y"): "https://never.example.org/r/y",
    ("a", "git://example.org/a.git"): "https://example.org/a.git",
    ("a", "https://gerrit.example.org/r/p/mediawiki/extensions/Cite"): (
        "https://github.com/wikimedia/mediawiki-extensions-Cite.git"
    ),
    ("a", "https://other.example/a.git"): "https://other.example/a.git",
}


@pytest.mark.parametrize(("path", "address"), REWRITTEN)
def test_addresses_are_made_absolute_and_then_rewritten_by_the_first_rule_that_matches(
    path: str, address: str
) -> None:
    (link,) = resolve_addresses([Gitlink(path, "aaaa", address)], REPOSITORIES, RULES)
    assert link.address == REWRITTEN[path, address]


ADDRESSES = {
    "https://github.com/a/b.git": True,
    "ssh://git@example.org/a.git": True,
    "git@example.org:a/b.git": True,
    "git://example.org/a": True,
    "/srv/private": False,
    "file:///srv/private": False,
    "--upload-pack=touch x": False,
    "ext::sh -c whoami": False,
    "fd::0": False,
    "https://example.org/a b.git": False,
    "https://-x": False,
    "": False,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_submodule_may_have_an_address_on_another_machine_only(address: str) -> None:
    assert is_fetchable(address, local=False) is ADDRESSES[address]
    assert is_fetchable("file:///srv/tests", local=True)
