"""A server accepts what its security group accepts: both come from the roles' declarations."""

from roles.firewall import input_table, output_table
from roles.managed_server import ManagedServer, Peer
from servers.debian_releases import TRIXIE
from tests.releases.ledgers import SITE
from tests.servers.test_openings import environment

PEERS = (
    Peer("web-1", "10.1.0.11", ("edge", "app")),
    Peer("watch-1", "10.1.0.12", ("logs", "metrics")),
)


def accepted(name: str) -> list[tuple[str, int]]:
    """Who reaches which TCP port of a server."""
    target = ManagedServer(
        name=name,
        peers=PEERS,
        site=SITE,
        environment=environment(web=("edge", "app"), watch=("logs", "metrics")),
        signing_key="",
        deploy_key="",
        release=TRIXIE,
    )
    text = input_table(target)
    for line in ("filter; policy drop;", "ct state established,related accept", "iif lo accept"):
        assert line in text
    rules = [line.split() for line in text.splitlines() if "tcp" in line]
    return sorted(
        (rule[2] if rule[0] == "ip" else "all", int(rule[rule.index("dport") + 1]))
        for rule in rules
    )


def test_a_server_accepts_what_its_roles_open_to_those_whom_they_name() -> None:
    measured = ("10.1.0.12", 9100)
    assert accepted("web-1") == [measured, ("all", 22), ("all", 80), ("all", 443)]
    logs = [(peer.address, 2514) for peer in PEERS]
    assert accepted("watch-1") == sorted([*logs, measured, ("all", 22)])


def test_a_table_replaces_itself_and_no_other() -> None:
    text = output_table("slipway_app", ["app-docs", "app-blog"])
    assert text.partition("\n")[2].startswith(
        "table inet slipway_app\ndelete table inet slipway_app\n"
    )
    assert "meta skuid { app-blog, app-docs } ip daddr 169.254.169.254 reject" in text
    assert "ip6 daddr fe80::a9fe:a9fe reject" in text
    assert "flush" not in text
