"""Real visitors' writes while real applications are promoted: nothing acknowledged is lost.

A comment in WordPress, a page in MediaWiki, an entry in the logbook. The stages at which a
deployment can fail or be killed are all tried in `tests/agent/test_visitors_data.py`.
"""

import pytest

from agent import mariadb
from agent.commands import run
from agent.server import Server
from model.reading import read
from tests.whole.line import Line, until
from tests.whole.test_line import change
from tests.whole.writers import KINDS, Written, writing

TABLES = {
    "blog": ("comment_content", "wp_comments"),
    "docs": ("REPLACE(page_title, '_', ' ')", "page"),
}
WIDEN = """<?php
// A change of a table's definition, another one for each release.
$login = json_decode(<<<'JSON'
{{{{ database | tojson }}}}
JSON, true);
$database = new mysqli('localhost', $login['user'], $login['password'], $login['name'], 0,
    $login['socket']);
$database->query('ALTER TABLE {table} ADD COLUMN IF NOT EXISTS d_{{{{ digest[:12] }}}} INT');
"""


def stored(line: Line, component: str, environment: str = "production") -> str:
    """What an environment has of a component's visitors, one entry a line, in lower case."""
    server = read(line.layout.server(environment) / "server.toml", Server)
    if component == "notes":
        folder = server.srv / "notes/shared/storage"
        return "\n".join(p.stem.replace("-", " ") for p in folder.rglob("*.ics"))
    assert server.database
    column, table = TABLES[component]
    query = f"SELECT {column} FROM {environment}_{component}.{table};"  # noqa: S608  # names of ours
    return run(mariadb.query_command(server.database), query).lower()


def lost(
    line: Line, component: str, written: Written, environment: str = "production"
) -> list[str]:
    """What a visitor got an answer for, and the environment does not have."""
    entries = stored(line, component, environment).split("\n")
    return [text for text in written.acknowledged if text not in entries]


@pytest.fixture(scope="module", autouse=True)
def live_everywhere(line: Line) -> None:
    for component in KINDS:
        line.promote(component)


@pytest.mark.parametrize("component", KINDS)
def test_a_promotion_that_changes_no_table_keeps_nobody_from_writing(
    line: Line, component: str
) -> None:
    staged = change(line, component)
    with writing(line, component, f"same {component}") as written:
        until(lambda: len(written.acknowledged) > 2, "three writes")
        line.promote(component)
        seen = len(written.acknowledged)
        until(lambda: len(written.acknowledged) > seen, "a write to the new release")
    assert line.live("production", component) == staged
    assert written.refused == []
    assert written.failed == []
    assert lost(line, component, written) == []


def widen(line: Line, component: str) -> None:
    """Have the component's next releases change the definition of a table."""
    folder = line.site.folder / "components" / component
    file = folder / "component.toml"
    text = file.read_text()
    if "widen.php" not in text:
        command = '    ["php", ".slipway/widen.php"],\n'
        start = text.index("migrate = [") + len("migrate = [")
        rest = text[start:].lstrip("\n")
        # The blog's list is on one line, the wiki's has a line for each command.
        file.write_text(f"{text[:start]}\n{command}    {rest}")
    template = folder / "templates/.slipway/widen.php.j2"
    template.write_text(WIDEN.format(table=TABLES[component][1]))
    line.run()


@pytest.mark.parametrize("component", TABLES)
def test_while_a_table_changes_visitors_only_read_and_nothing_is_lost(
    line: Line, component: str
) -> None:
    widen(line, component)
    staged = change(line, component)
    with writing(line, component, f"widened {component}") as written:
        until(lambda: len(written.acknowledged) > 2, "three writes")
        done = line.promote(component)
        seen = len(written.acknowledged)
        until(lambda: len(written.acknowledged) > seen, "a write to the new release")
    assert line.live("production", component) == staged
    assert "changes the definition of 1 table" in line.said(done)["switch"]
    assert line.properties(done)["migration"]["definitions"] == [TABLES[component][1]]
    assert written.refused
    assert written.failed == []
    assert lost(line, component, written) == []
    print(f"{component}: writes were refused for {written.seconds_refused:.1f} s")


@pytest.mark.parametrize("program", ["production-database", "worker-production"])
def test_a_kill_while_a_table_changes_loses_nothing(line: Line, program: str) -> None:
    widen(line, "blog")
    change(line, "blog")
    with writing(line, "blog", f"killed {program.replace('-', ' ')}") as written:
        until(lambda: len(written.acknowledged) > 2, "three writes")
        before = line.number("blog-production")
        assert line.press("promote-production", "blog-production").status_code == 200
        until(lambda: written.refused, "a write that is refused")
        line.kill(program)
        line.run("--no-wait")
        line.idle()
        assert line.number("blog-production") > before
        seen = len(written.acknowledged)
        until(lambda: len(written.acknowledged) > seen, "a write afterwards")
    assert lost(line, "blog", written) == []
