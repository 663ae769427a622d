"""The library that draws the figures comes from Debian, and is checked by types of its version."""

import json

from tests.conftest import ROOT
from web.page import page

LIBRARY = page.resource.children[b"chart.js"]


def test_the_plugin_serves_the_library_as_a_module_with_all_that_it_imports() -> None:
    module = LIBRARY.child("chart.esm.js")
    assert module.isfile()
    assert LIBRARY.contentTypes[module.splitext()[1]].endswith("/javascript")
    assert "from './chunks/helpers.segment.js'" in module.getContent().decode()
    assert LIBRARY.child("chunks").child("helpers.segment.js").isfile()


def test_the_types_are_those_of_the_version_that_is_served() -> None:
    version = json.loads((ROOT / "package.json").read_text())["devDependencies"]["chart.js"]
    assert f"Chart.js v{version}" in LIBRARY.child("chart.esm.js").getContent().decode()[:200]
