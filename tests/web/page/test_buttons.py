"""The page has a word for every action that the master's buttons start."""

import json
import subprocess

from model.site import Site
from releases.buttons import actions
from tests.conftest import ROOT

SCRIPT = """
const { deploymentStatus } = await import(process.argv[1]);
const moment = "2026-03-10T11:00:00Z";
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((action) =>
  deploymentStatus({ action, started: moment, finished: moment, outcome: "done" }).action)));
"""


def test_the_history_has_words_for_every_action(demo: Site) -> None:
    names = sorted({action.value for e in demo.environments for action in actions(demo, e)})
    module = (ROOT / "web/page/source/logic/deployments.js").as_uri()
    command = ("node", "--input-type=module", "--eval", SCRIPT, module, json.dumps(names))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = dict(zip(names, json.loads(done.stdout), strict=True))
    assert words
    assert not [action for action, word in words.items() if word == action]
