"""What the browser loads is what the page's source files make."""

import json
import shlex
import subprocess
from pathlib import Path

from tests.conftest import ROOT

STATIC = ROOT / "web" / "page" / "static"


def test_the_bundle_is_made_of_the_source_files(tmp_path: Path) -> None:
    build = json.loads((ROOT / "package.json").read_text())["scripts"]["build"]
    program, *arguments = shlex.split(build)[:-1]
    command = (f"node_modules/.bin/{program}", *arguments, f"--outdir={tmp_path}")
    subprocess.run(command, cwd=ROOT, check=True)
    made = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.js")}
    kept = {path.name: path.read_text("utf-8") for path in STATIC.glob("*.js")}
    assert made
    assert kept == made, "run: make bundle"
