"""The page presses buttons that the master has, and knows every one that moves a release."""

import json
import subprocess

from buildbot.config.master import MasterConfig
from buildbot.schedulers.forcesched import ForceScheduler

from model.site import Site
from tests.conftest import ROOT

COMPONENT_ACTIONS = ("approve", "hold", "promote", "release-hold", "roll-back")
SITE_ACTIONS = ("freeze", "promote-all", "return", "thaw")
SCRIPT = """
const { componentButton, siteButton } = await import(process.argv[1]);
const { components, environments, componentActions, siteActions } = JSON.parse(process.argv[2]);
console.log(JSON.stringify(environments.flatMap((environment) => [
  ...components.flatMap((component) =>
    componentActions.map((action) => componentButton(component, environment, action))),
  ...siteActions.map((action) => siteButton(environment, action)),
])));
"""


def names_on_the_page(site: Site) -> set[str]:
    names = {
        "components": [component.name for component in site.components],
        "environments": [environment.name for environment in site.environments],
        "componentActions": COMPONENT_ACTIONS,
        "siteActions": SITE_ACTIONS,
    }
    module = (ROOT / "web/page/static/logic/buttons.js").as_uri()
    command = ("node", "--input-type=module", "--eval", SCRIPT, module, json.dumps(names))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_every_button_that_moves_a_release_has_its_name_on_the_page(
    config: MasterConfig, demo: Site
) -> None:
    starts_builds = {component.builder for component in demo.components}
    starts_builds |= {component.watcher for component in demo.watched}
    buttons = {
        name
        for name, scheduler in config.schedulers.items()
        if isinstance(scheduler, ForceScheduler) and not starts_builds & set(scheduler.builderNames)
    }
    assert buttons
    assert buttons <= names_on_the_page(demo)
