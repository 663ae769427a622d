"""A component: keys that contradict each other, and names derived from keys."""

import re

import pytest
from pydantic import ValidationError

from model.component import Component

COMPONENT: dict[str, object] = {
    "name": "blog",
    "title": "Blog",
    "runtime": "php",
    "host": "blog",
    "upstream": {"repository": "https://example.org/blog.git", "release": "1.*"},
}


SERVICES: dict[str, tuple[dict[str, object], str]] = {
    "none where some are needed": ({"runtime": "node"}, "needs at least one of 'services'"),
    "some where none can run": (
        {"services": [{"name": "a", "command": ["x"]}]},
        "runtime 'php' has no 'services'",
    ),
    "two of one name": (
        {"runtime": "node", "services": [{"name": "a", "command": ["x"]}] * 2},
        "two 'services' are called 'a'",
    ),
    "a host of the first": (
        {"runtime": "node", "services": [{"name": "a", "command": ["x"], "host": "b"}]},
        "the first of 'services' answers at 'host'",
    ),
    "a template that visitors could replace": (
        {"templates": ["up/loads/x.php.j2"], "serve": {"writable": ["up"]}},
        "template 'up/loads/x.php.j2' lies in 'up', which is 'writable'",
    ),
    "a waiver of a kind that is not known": (
        {"waivers": [{"file": "a.pem", "finding": "Key", "reason": "a test"}]},
        "Input should be 'AWS Access Key', ",
    ),
    "a waiver without a reason": (
        {"waivers": [{"file": "a.pem", "finding": "Private Key", "reason": ""}]},
        "waivers.0.reason",
    ),
    "a lock file of another world": ({"locks": ["Gemfile.lock"]}, "is no known lock file"),
}


@pytest.mark.parametrize("case", SERVICES)
def test_contradicting_keys_of_a_component_are_named(case: str) -> None:
    keys, why = SERVICES[case]
    with pytest.raises(ValidationError, match=re.escape(why)):
        Component.model_validate(COMPONENT | keys)


def test_a_component_has_the_hosts_of_its_services() -> None:
    services = [
        {"name": "content", "command": ["node", "content.js"]},
        {"name": "auth", "command": ["node", "auth.js"], "host": "api.accounts"},
        {"name": "mailer", "command": ["node", "mailer.js"]},
    ]
    accounts = Component.model_validate(
        COMPONENT | {"runtime": "node", "host": "accounts", "services": services}
    )
    assert accounts.labels == ("accounts", "api.accounts")
    assert [(s.name, label) for s, label in accounts.public_services] == [
        ("content", "accounts"),
        ("auth", "api.accounts"),
    ]


def test_patches_are_series_by_the_path_that_they_change() -> None:
    patches = ["0001-a.patch", "0002-b.patch", "skins/Grey/0001-c.patch"]
    docs = Component.model_validate(COMPONENT | {"patches": patches})
    assert docs.series("") == ("0001-a.patch", "0002-b.patch")
    assert docs.series("skins/Grey") == ("skins/Grey/0001-c.patch",)
    assert docs.patched_paths == ("skins/Grey",)
