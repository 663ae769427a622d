"""Prometheus on this server, and an exporter of its measurements on every one."""

import json
from collections.abc import Iterator
from pathlib import Path

from roles.managed_server import ManagedServer, ServiceCheck
from roles.operations import file, packages, service

PORT = 9100
URL = "http://127.0.0.1:9090"
"""Nobody else asks it: it has no accounts."""
SECONDS = 6
DAYS = 90
FILE = Path("/etc/prometheus/prometheus.yml")
"""JSON is YAML too."""
UNIT = "prometheus"


def deploy(target: ManagedServer) -> None:
    packages(name="Packages of metrics", names=["prometheus"])
    nodes = [
        {"targets": [f"{peer.address}:{PORT}"], "labels": {"server": peer.name}}
        for peer in target.peers
    ]
    own = [{"targets": [URL.removeprefix("http://")], "labels": {"server": target.name}}]
    jobs = {"node": nodes, "prometheus": own}
    configuration = {
        "global": {"scrape_interval": f"{SECONDS}s"},
        "scrape_configs": [
            {"job_name": name, "static_configs": targets} for name, targets in jobs.items()
        ],
    }
    options = (
        f"--web.listen-address={URL.removeprefix('http://')} --storage.tsdb.retention.time={DAYS}d"
    )
    service(
        name="Service of metrics",
        unit=UNIT,
        restart=[file(Path("/etc/default/prometheus"), f'ARGS="{options}"\n')],
        reload=[file(FILE, json.dumps(configuration, indent=2))],
    )


def use(target: ManagedServer) -> None:
    """Have an exporter, which the servers with this role alone reach."""
    unit = "prometheus-node-exporter"
    packages(name="Packages of the exporter", names=[unit])
    options = f"--web.listen-address={target.address}:{PORT} --collector.systemd"
    settings = file(Path(f"/etc/default/{unit}"), f'ARGS="{options}"\n')
    service(name="Service of the exporter", unit=unit, restart=[settings])


def checks(target: ManagedServer) -> Iterator[ServiceCheck]:
    """Every server, and Prometheus itself, has been measured."""
    count = len(target.peers) + 1
    yield ServiceCheck(
        UNIT, f"promtool query instant {URL} 'count(up == 1) == {count}' | grep -q '=>'"
    )
