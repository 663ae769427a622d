"""Who reaches what, in an installation that root started: each account what is its own.

The attackers are components: a PHP page, a Node and a Python service, and a build command in both
lanes. Their answers are compared with those of a process with the same account, and of all others.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import service_process, uploads
from agent.component_directory import ComponentDirectory
from agent.process_group import recorded_group
from agent.server import Server
from local import account_names
from local.account_names import MASTER
from local.bootstrap.service_user import NAME
from local.layout import Layout
from local.services.programs import worker_accounts
from model.reading import read
from model.site import Site
from tests.local.root_installation import Installation, running_installation

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root gives accounts: make test-root"),
]

OTHER = "www-data"
"""An account of this machine that has nothing to do with the installation, but for the mirrors."""

Target = tuple[set[str], str, str]
"""The accounts that reach it, the kind of attempt, and its path or process."""

MARKS: Mapping[bool | str, str] = {True: "  x", False: "  ."}

COMPONENTS = ("forum", "events", "tasks")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation() as running:
        yield running


@pytest.fixture(scope="module")
def wanted(installation: Installation) -> dict[str, Target]:
    """What is attempted, by what it is; the attackers find it in a file."""
    installation.line.log_in()
    for component in COMPONENTS:
        installation.line.promote(component)
    found = targets(installation.layout, installation.line.site)
    attempts = json.dumps([(kind, target) for _, kind, target in found.values()])
    (installation.layout.state.parent / "attempts.json").write_text(attempts)
    return found


def targets(layout: Layout, site: Site) -> dict[str, Target]:
    found = {**of_master(layout), **of_workers(layout, site), **of_root(layout)}
    for environment in site.environments:
        found |= of_environment(layout, environment.name)
        for component in COMPONENTS:
            found |= of_component(layout, environment.name, component)
    for account in account_names.only_accounts(json.loads(layout.accounts.read_text())):
        found |= of_account(layout, account)
    return found


def of_master(layout: Layout) -> dict[str, Target]:
    master = {
        "read the signing key": ("read", f"{layout.secrets}/signing-key"),
        **{f"read {p.name}": ("read", f"{p}") for p in sorted(layout.secrets.iterdir())},
        "read the names of secrets": ("read", f"{layout.secrets}"),
        "write the signing key": ("write", f"{layout.secrets}/signing-key"),
        "read the master's database": ("read", f"{layout.master}/state.sqlite"),
        "write the master's database": ("write", f"{layout.master}/state.sqlite"),
        "read the key of the workers' port": ("read", f"{layout.worker_key}"),
        "write into the store": ("create", f"{layout.store}"),
        "replace the signing key's public half": ("rename", f"{layout.signing_key}"),
    }
    return {what: ({MASTER}, *attempt) for what, attempt in master.items()}


def of_workers(layout: Layout, site: Site) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for worker, account in worker_accounts(site).items():
        folder = layout.worker(worker)
        found[f"read {worker}'s password"] = ({account}, "read", f"{folder}/password")
        found[f"read {worker}'s builds"] = ({account}, "read", f"{folder}")
        found[f"write {worker}'s start"] = ({account}, "write", f"{folder}/buildbot.tac")
    return found


def of_root(layout: Layout) -> dict[str, Target]:
    attempts = {
        "change the numbers": ("write", f"{layout.accounts}"),
        "add a program": ("create", f"{layout.bin}"),
        "change a program": ("write", f"{layout.bin}/mariadbd"),
        "change Python": ("create", f"{Path(sys.prefix)}/bin"),
        "replace staging": ("rename", f"{layout.server('staging')}"),
        "replace the workers": ("rename", f"{layout.state}/workers"),
        "add an account": ("create", f"{layout.state}/accounts"),
    }
    return {what: (set(), *attempt) for what, attempt in attempts.items()}


def of_environment(layout: Layout, name: str) -> dict[str, Target]:
    folder, edge = layout.server(name), account_names.of_edge(name)
    inside = {name, edge, *(account_names.of_component(name, c) for c in COMPONENTS)}
    found: dict[str, Target] = {
        f"list {name}'s {part}": ({name}, "read", f"{folder}/{part}")
        for part in ("srv", "state", "run", "log", "state/mariadb")
    }
    return found | {
        f"release into {name}": ({name}, "create", f"{folder}/srv"),
        f"replace {name}'s agent": ({name}, "write", f"{folder}/bin/slipway-agent"),
        # Each component has a password for its own schema there.
        f"reach {name}'s database": (inside, "connect", f"{folder}/run/mariadb.sock"),
        f"administer {name}'s database": (
            {name},
            "administer",
            f"{NAME}@{folder}/run/mariadb.sock",
        ),
        f"command {name}'s edge": ({name, edge}, "connect", f"{folder}/run/edge/admin.sock"),
        f"see what {name} checks": ({name, edge}, "connect", f"{folder}/run/edge/preview.sock"),
        f"read {name}'s TLS keys": ({edge}, "read", f"{folder}/state/edge/pki/authorities"),
        f"change {name}'s edge": ({name}, "write", f"{folder}/state/Caddyfile"),
    }


def of_component(layout: Layout, environment: str, component: str) -> dict[str, Target]:
    own = account_names.of_component(environment, component)
    edge = account_names.of_edge(environment)
    server = read(layout.server(environment) / "server.toml", Server)
    directory = ComponentDirectory(server, component)
    live = directory.live_instance
    assert live
    is_php = component == "forum"
    secret = directory.tree(live) / ("config.php" if is_php else ".slipway/web.env")
    shared = directory.shared / "uploads"
    found: dict[str, Target] = {
        "secret": ({own, environment}, "read", f"{secret}"),
        "code": ({own, environment, edge}, "read", f"{directory.tree(live)}/index.adoc"),
        "uploads": ({own, environment}, "read", f"{shared}/shipped.txt"),
        "backups": ({environment}, "read", f"{directory.backups}"),
        "logins": ({environment}, "read", f"{directory.logins}"),
    }
    found = {f"read {own}'s {what}": target for what, target in found.items()}
    found |= {
        f"upload to {own}": ({own, environment}, "create", f"{shared}"),
        f"write {own}'s journal": ({environment}, "write", f"{directory.path}/journal.jsonl"),
        f"add {own}'s release": ({environment}, "create", f"{directory.releases}"),
        f"switch {own}": ({environment}, "rename", f"{directory.path}/current"),
        f"change {own}'s processes": ({environment}, "create", f"{server.services(component)}"),
    }
    if is_php:
        socket = server.php_socket(component)
        found[f"read {own}'s sessions"] = (
            {own, environment}, "read", f"{server.php_folder(component, 'sessions')}",
        )  # fmt: skip
        for what, path in ("PHP", socket), ("uploads", uploads.socket(server, component)):
            found[f"ask {own}'s {what}"] = ({own, environment, edge}, "connect", f"{path}")
        return found
    for service in ("web", "inner"):
        socket = service_process.service_socket(server, component, live.short, service)
        public = {edge} if service == "web" else set()
        found[f"ask {own}'s {service}"] = ({own, environment} | public, "connect", f"{socket}")
    return found


def of_account(layout: Layout, account: str) -> dict[str, Target]:
    """Its supervisord, and everything that it runs."""
    own = layout.of(account)
    environment, part = account_names.split(account)
    # An environment's account has the processes of its components started and ended.
    commanding = {account, environment} if part in COMPONENTS else {account}
    found: dict[str, Target] = {
        f"command {account}'s programs": (commanding, "connect", f"{own.supervisor_socket}")
    }
    for record in sorted(own.records()):
        pid = f"{recorded_group(record)}"
        name = re.sub(r"\.[0-9a-f]{12}-\d+\.", " ", record.stem.rpartition(".")[0] or record.name)
        found[f"signal {name}"] = ({account}, "signal", pid)
        found[f"read {name}'s variables"] = ({account}, "read", f"/proc/{pid}/environ")
    return found


def test_each_account_reaches_what_is_its_own_and_nothing_of_the_others(
    installation: Installation, wanted: dict[str, Target]
) -> None:
    attempts = [(kind, target) for _, kind, target in wanted.values()]
    who = [*installation.accounts, OTHER]
    reached = {name: installation.attack(name, attempts) for name in who}
    print(table(list(wanted), reached))
    wrong = {
        what: able
        for position, (what, (owners, _, _)) in enumerate(wanted.items())
        if (able := {name: r[position] for name, r in reached.items() if r[position]})
        != dict.fromkeys(owners, True)
    }
    assert wrong == {}


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_an_application_that_attacks_reaches_nothing_but_its_own(
    installation: Installation, wanted: dict[str, Target], environment: str, component: str
) -> None:
    page = installation.line.page(environment, component, "/attack").body
    account = account_names.of_component(environment, component)
    require_own(wanted, account, page)


@pytest.mark.parametrize(
    ("lane", "button", "builder"),
    [
        ("build", "build", "forum-build"),
        ("review", "try-upstream", "forum-upstream"),
    ],
)
def test_a_build_command_that_attacks_reaches_nothing_but_its_lane_s(
    installation: Installation, wanted: dict[str, Target], lane: str, button: str, builder: str
) -> None:
    done = installation.line.pressed(button, builder)
    # Of its worker, whose account it has, it sees an empty folder; it could end it, and so itself.
    left = (f"signal worker-{lane}", f"read {lane}-1's builds")
    own = {
        what: ({lane} & owners if what in left else set(), kind, target)
        for what, (owners, kind, target) in wanted.items()
    }
    require_own(own, lane, "\n".join(logs(installation, done)))


def test_the_edge_follows_no_link_of_a_component_to_what_is_not_public(
    installation: Installation, wanted: dict[str, Target]
) -> None:
    """The edge is asked for an upload that is a link: it gives nothing that only it can read."""
    server = read(installation.layout.server("staging") / "server.toml", Server)
    folder = ComponentDirectory(server, "forum").shared / "uploads"
    aims = {
        **{what: target for what, (_, kind, target) in wanted.items() if kind == "read"},
        "the edge's key": f"{server.certificates}/pki/authorities/local/root.key",
        "the journal": f"{ComponentDirectory(server, 'events').path}/journal.jsonl",
        "the Caddyfile": f"{server.state}/Caddyfile",
    }
    statuses = {}
    for what, aim in aims.items():
        link = folder / "link.txt"
        installation.as_account("staging.forum", "ln", "-snf", aim, link)
        statuses[what] = installation.line.page("staging", "forum", "/uploads/link.txt").status
    served = {what for what, status in statuses.items() if status == 200}
    own = {what for what, (owners, _, _) in wanted.items() if "staging.forum" in owners}
    assert served <= own | {"the Caddyfile"}
    assert "read staging.forum's uploads" in served


@pytest.mark.usefixtures("wanted")
def test_the_edge_passes_no_request_to_a_socket_that_is_not_the_component_s(
    installation: Installation,
) -> None:
    """A service puts a link in the place of its own socket; then visitors ask for its host."""
    server = read(installation.layout.server("staging") / "server.toml", Server)
    sockets = {
        component: service_process.socket_folder(server, component, live.short)
        for component in ("events", "tasks")
        if (live := ComponentDirectory(server, component).live_instance)
    }
    link = sockets["events"] / "web.sock"
    own = link.readlink()
    aims = {"admin": server.admin_socket, "inner": sockets["tasks"] / "inner.sock"}
    answers = {}
    try:
        for what, aim in aims.items():
            installation.as_account("staging.events", "ln", "-snf", aim, link)
            answers[what] = installation.line.page("staging", "events", "/config/").status
    finally:
        installation.as_account("staging.events", "ln", "-snf", own, link)
    assert answers == {"admin": 403, "inner": 502}
    assert installation.line.page("staging", "events").status == 200


def logs(installation: Installation, build: dict[str, Any]) -> Iterator[str]:
    """What the steps of a build printed."""
    line = installation.line
    for step in line.get(f"builds/{build['buildid']}/steps")["steps"]:
        for log in line.get(f"steps/{step['stepid']}/logs")["logs"]:
            for chunk in line.get(f"logs/{log['logid']}/contents")["logchunks"]:
                yield from re.sub("^[oeh]", "", chunk["content"], flags=re.M).splitlines()


def require_own(wanted: Mapping[str, Target], account: str, output: str) -> None:
    """Fail unless an attacker reached exactly what its account owns."""
    answer = re.search(r"ATTACKED (\[.*\])", output)
    assert answer, output
    reached = json.loads(answer[1])
    assert len(reached) == len(wanted)
    wrong = {
        what: able
        for (what, (owners, _, _)), able in zip(wanted.items(), reached, strict=True)
        # What is hidden from it is not there.
        if (able is True) != (account in owners)
    }
    assert wrong == {}


def table(what: list[str], reached: Mapping[str, list[bool | str]]) -> str:
    """Who x what, as text: a column for each account, numbered above."""
    names = list(reached)
    lines = [f"{number:3} {name}" for number, name in enumerate(names, 1)]
    lines.append(" " * 60 + "".join(f"{number:3}" for number in range(1, len(names) + 1)))
    for position, name in enumerate(what):
        marks = (MARKS.get(answers[position], "  ?") for answers in reached.values())
        lines.append(f"{name[:59]:60}" + "".join(marks))
    return "\n".join(lines)
