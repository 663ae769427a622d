"""What the documents show is loaded and run: samples of TOML, commands, links, names of steps."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from model.component import Component
from model.environment import Environment
from model.site import SiteFile
from tests.conftest import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MINIMUM = {"title": "T", "runtime": "static", "host": "t"}


def blocks(language: str) -> list[tuple[str, str]]:
    """The fenced samples of one language, with the document that shows them."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.M | re.S)
    return [(path.name, text) for path in DOCUMENTS for text in fence.findall(path.read_text())]


@pytest.mark.parametrize(("document", "text"), blocks("toml"))
def test_every_sample_of_toml_is_valid(document: str, text: str) -> None:
    sample = tomllib.loads(text)
    if "domain" in sample:
        assert Environment.model_validate(sample | {"name": "sample"}), document
    else:
        assert Component.model_validate(MINIMUM | sample | {"name": "sample"}), document


@pytest.mark.parametrize(("document", "text"), blocks("toml-site"))
def test_every_sample_of_a_site_is_valid(document: str, text: str) -> None:
    own = {"title": "T", "releasers": ["ana"], "poll_seconds": 5}
    assert SiteFile.model_validate(own | tomllib.loads(text)), document


@pytest.mark.parametrize(("document", "text"), blocks("sh"))
def test_every_command_is_one_that_make_knows(document: str, text: str) -> None:
    for command in text.replace("\\\n", " ").split("\n"):
        words = command.split()
        if words:
            assert words[0] == "make", document
            dry = ["make", "--dry-run", *words[1:]]
            done = subprocess.run(dry, cwd=ROOT, check=True, capture_output=True, text=True)
            module = re.findall(r"-m (local\.\w+|tests\.cloud\.\w+|pytest)", done.stdout)
            assert module, command
            folders = [ROOT / name.replace(".", "/") for name in module if name != "pytest"]
            for folder in folders:
                files = folder.with_suffix(".py"), folder / "__main__.py"
                assert any(file.exists() for file in files), command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text()):
        assert (document.parent / target).is_file(), target
