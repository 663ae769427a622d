"""What does not fit this machine is said at once, with its file and key, before a start."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.errors import CommandError
from local.installation_fit import misfits
from local.layout import Layout
from local.run import read
from model.environment import Environment
from model.site_checks import Parts
from tests.releases.ledgers import PRODUCTION, SITE, STAGING

CLOUD = {
    "cloud": "staging",
    "master": "169.254.169.254:8011",
    "network": "internal",
    "build": {"image": "worker-*", "flavor": "small"},
}
STAGING_FILE = "/nowhere/environments/staging.toml"


def with_staging(**keys: Any) -> Parts:
    staging = Environment.model_validate(STAGING.model_dump() | {"https_port": 8443} | keys)
    folder = Path("/nowhere")
    return Parts(folder, folder / "environments", SITE.components, (staging, PRODUCTION))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"http_port": 8010}, "key 'http_port': port 8010 is needed for Buildbot's UI already"),
        ({"http_port": 8011}, "key 'http_port': port 8011 is needed for its workers already"),
        ({"name": "master"}, "an environment cannot be called 'master' on this machine"),
        (
            {"openstack": CLOUD | {"master": "10.0.0.1:8411"}},
            "key 'openstack.master': machines would call 10.0.0.1:8411, and this master listens "
            "for them at port 8011",
        ),
    ],
)
def test_a_misfit_names_its_file_and_key(keys: Mapping[str, Any], words: str) -> None:
    file = STAGING_FILE.replace("staging", keys.get("name", "staging"))
    (sentence,) = misfits(with_staging(**{"http_port": 8080, **keys}), Layout(Path("/state")))
    assert sentence.startswith(f"{file}: ")
    assert words in sentence


def test_environments_on_this_machine_do_not_share_a_port() -> None:
    (sentence,) = misfits(with_staging(http_port=8080, https_port=443), Layout(Path("/state")))
    expected = "key 'https_port': port 443 is needed for 'https_port' of staging already"
    assert sentence == f"/nowhere/environments/production.toml: {expected}"


def test_a_master_that_machines_reach_fits() -> None:
    parts = with_staging(http_port=8080, openstack=CLOUD)
    assert misfits(parts, Layout(Path("/state"))) == []
    moved = Layout(Path("/state"), http_port=8410, worker_port=8411)
    assert len(misfits(parts, moved)) == 1
    assert misfits(parts, replace(moved, forwarded_port=8011)) == []


def test_a_port_above_the_highest_is_named() -> None:
    layout = Layout(Path("/state"), http_port=65535, worker_port=65536)
    (sentence,) = misfits(with_staging(http_port=8080), layout)
    assert sentence == "PORT=65535: its workers would have port 65536, above 65535"


def test_all_misfits_and_mistakes_are_said_at_once(tmp_path: Path) -> None:
    files = {
        "site.toml": """
            title = "S"
            releasers = ["ana"]
            poll_seconds = 5
            order = ["blog", "bolg"]
            two_person = ["production", "broken"]
            """,
        "components/blog/component.toml": 'title = "Blog"\nhost = "blog"\n',
        "environments/broken.toml": "",
        "environments/master.toml": """
            domain = "s.example"
            indexed = false
            tls = "internal"
            http_port = 8010
            https_port = 8011
            """,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(CommandError) as refusal:
        read(Layout(tmp_path / "state", site=tmp_path))
    errors = str(refusal.value).removeprefix("the site has mistakes\n").splitlines()
    broken = f"{tmp_path}/environments/broken.toml"
    master = f"{tmp_path}/environments/master.toml"
    assert errors == [
        f"{tmp_path}/components/blog/component.toml: key 'runtime' is missing",
        f"{tmp_path}/components/blog/component.toml: key 'upstream' is missing",
        f"{broken}: key 'domain' is missing",
        f"{broken}: key 'indexed' is missing",
        f"{broken}: key 'tls' is missing",
        f"{master}: an environment cannot be called 'master' on this machine",
        f"{master}: key 'http_port': port 8010 is needed for Buildbot's UI already",
        f"{master}: key 'https_port': port 8011 is needed for its workers already",
        f"{tmp_path}/site.toml: key 'order': no 'bolg' there; expected one of blog",
        f"{tmp_path}/site.toml: key 'two_person': no 'production' there; expected one of broken",
    ]
