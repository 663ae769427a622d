"""`make cloud`: bring the test cloud up and say how to use it.

    /usr/bin/python3 -B -m tests.cloud.up [--state FOLDER] [--first-port N]

Standard library only: OpenStack has a virtual environment of its own, `var/cloud/venv`. The first
time, everything is made once and kept as a template; later starts begin with a copy of that.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from local.bootstrap import packages, virtual_environment
from local.errors import CommandError, exit_on_error
from tests.cloud import configuration, host, images, services, stop
from tests.cloud.configuration import FILES, HOST, PASSWORD, REGION, VENV, database_url
from tests.cloud.layout import HERE, KEPT, PORTS, SERVICES, Layout, arguments, layout
from tests.cloud.recipes import Recipe, own_recipes
from tests.cloud.services import Running, tool

PACKAGES = (
    "gcc",
    "iproute2",
    "mariadb-client",
    "mariadb-server-core",
    "mmdebstrap",
    "nftables",
    "python3-dev",
    "python3-venv",
    "rabbitmq-server",
    "systemd-container",
    "zstd",
)
DATABASES = ("keystone", "glance", "placement", "neutron", "nova_api", "nova_cell0", "nova_cell1")
MAKING = (
    "configuration.py",
    "layout.py",
    "inside/slipcloud/schema.py",
    "inside/slipcloud/seed.py",
    "inside/slipcloud/upload.py",
    "requirements.lock",
)
"""The files that decide what the template holds."""
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
AT_FIRST = (8011, 8012)
"""What machines reach of this host: a master, and the repositories' mirrors beside it."""
WATCHING = 1024
"""Enough for fifty machines."""
ENTRY_POINT = "[neutron.ml2.mechanism_drivers]\nslipcloud = slipcloud.mechanism:Mechanism\n"


def up(layout: Layout) -> None:
    """Bring everything up; raises CommandError, having stopped whatever it had started."""
    with alone():
        packages.ensure(PACKAGES)
        stop.end(layout)
        free(layout)
        try:
            template = ensure_template(layout)
            begin(layout, template)
        except BaseException:
            keep_logs(layout)
            stop.end(layout)
            raise


def install() -> None:
    """OpenStack's own packages, in an environment of their own."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    given = {key: value for key, value in os.environ.items() if key not in left_out}
    virtual_environment.ensure(VENV, HERE / "requirements.lock", given)


@contextmanager
def alone() -> Iterator[None]:
    """One start at a time: two would make the same images."""
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def watchful() -> None:
    """Let more programs watch files: a systemd needs a dozen inotify instances, root has 128."""
    if int(INOTIFY.read_text()) < WATCHING:
        INOTIFY.write_text(f"{WATCHING}\n")


def free(layout: Layout) -> None:
    for name in PORTS:
        if services.listens(layout.port(name)):
            raise CommandError(
                f"port {layout.port(name)}, needed for {name}, is in use by another program; "
                "choose others with --first-port"
            )


def ensure_template(layout: Layout) -> Path:
    """The folder of a cloud that was made and filled once; raises CommandError when that fails."""
    recipes = own_recipes()
    ours = KEPT / "template" / layout.prefix.removesuffix("-")
    template = ours / digest(layout, recipes)
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(images.all_packed, recipes)
        install()
        if not template.exists():
            print("Making the template: databases, accounts, networks, images", flush=True)
            prepare(layout)
            fill(layout, making)
            shutil.rmtree(ours, ignore_errors=True)
            ours.mkdir(parents=True)
            layout.kept_by_services.rename(template)
            stop.end(layout)
        images.forget_others(making.result())
    return template


def digest(layout: Layout, recipes: Sequence[Recipe]) -> str:
    """What a template depends on: the code that makes it, its place, the images."""
    made_of = [recipe.digest for recipe in recipes]
    digest = hashlib.sha256(f"{layout} {made_of}".encode())
    for name in MAKING:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:12]


def prepare(layout: Layout) -> None:
    """The folders and files that the services find when they start."""
    folders = (layout.socket.parent, layout.logs, layout.machines, layout.networks, layout.floating)
    for folder in (*folders, layout.kept_by_services / "nova", layout.kept_by_services / "neutron"):
        folder.mkdir(parents=True, exist_ok=True)
    layout.state.chmod(0o711)  # others read `clouds.yaml` there, as its users do
    for folder in (*folders, layout.kept_by_services):
        folder.chmod(0o700)
    configuration.write(layout)
    plugin = layout.configuration / "plugin" / "slipcloud-1.dist-info"
    plugin.mkdir(parents=True)
    (plugin / "entry_points.txt").write_text(ENTRY_POINT)
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: slipcloud\nVersion: 1\n")
    layout.relays.write_text(json.dumps([{"port": port} for port in AT_FIRST], indent=2))


def fill(layout: Layout, making: "Future[list[Path]]") -> None:
    """Databases, then through the services' own interfaces everything else; all stopped again.

    The images are needed last, and may still be in the making.
    """
    install_database = ("mariadb-install-db", "--no-defaults", "--user=root", "--skip-test-db")
    folder = f"--datadir={layout.kept_by_services}/sql"
    root = "--auth-root-authentication-method=normal"
    host.run((*install_database, folder, root, "--innodb-log-file-size=16M"))
    running = Running(layout)
    sql = services.database(layout)
    running.start(sql)
    running.wait(sql)
    statements = "".join(f"create database {name} character set utf8mb4;" for name in DATABASES)
    client = ("mariadb", "--no-defaults", "-uroot", f"--socket={layout.socket}")
    host.run((*client, "--execute", statements))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda service: schema(layout, service), SERVICES))
    keystone = services.api(layout, "keystone")
    running.start(keystone)
    running.wait(keystone)
    tool(layout, "seed", "services")
    running.end(keystone)
    everything = list(services.everything(layout))
    for service in everything:
        running.start(service)
    running.wait(*everything)
    (layout.kept_by_services / "clouds.yaml").write_text(tool(layout, "seed", "projects"))
    for file in making.result():
        tool(layout, "upload", file.name.removesuffix(".tar.zst"), str(file))
    for service in (*reversed(everything), sql):
        running.end(service)


def schema(layout: Layout, service: str) -> None:
    internal, public = (f"{of('keystone')}/v3" for of in (layout.internal, layout.url))
    further = {
        "keystone": (internal, public, PASSWORD, REGION),
        "nova": (database_url(layout, "nova_cell0"), HOST),
    }
    file = layout.configuration / service / FILES[service]
    tool(layout, "schema", service, str(file), *further.get(service, ()))


def begin(layout: Layout, template: Path) -> None:
    """Start everything on a copy of the template; images are shared with it."""
    watchful()
    layout.state.mkdir(parents=True, exist_ok=True)
    prepare(layout)
    for part in template.iterdir():
        # Glance never writes to an image's file again.
        link = ("--link",) if part.name == "glance" else ("--reflink=auto",)
        host.run(("cp", "--archive", *link, str(part), str(layout.kept_by_services)))
    shutil.copy(template / "clouds.yaml", layout.clouds_yaml)
    layout.clouds_yaml.chmod(0o644)
    running = Running(layout)
    everything = [services.database(layout), *services.everything(layout)]
    for service in everything:
        running.start(service)
    running.wait(*everything)
    services.tool(layout, "warm", str(layout.clouds_yaml))


def keep_logs(layout: Layout) -> None:
    """What a failed start wrote, for whoever wants to know why."""
    if layout.logs.is_dir():
        shutil.rmtree(KEPT / "failed", ignore_errors=True)
        shutil.copytree(layout.logs, KEPT / "failed")


def is_up(layout: Layout) -> bool:
    """Whether this cloud works already."""
    return layout.clouds_yaml.is_file() and all(
        service.works() for service in services.everything(layout)
    )


def usage(layout: Layout, seconds: float) -> str:
    names = (path.name.removesuffix(".tar.zst") for path in sorted(images.FOLDER.glob("*/*.zst")))
    return f"""The test cloud is up ({seconds:.0f} s).

  export OS_CLIENT_CONFIG_FILE={layout.clouds_yaml}
  {VENV}/bin/python -m openstack ...   or openstack.connect(cloud="staging")

clouds    staging, production, sandbox (application credentials); admin
network   internal (each project's own), public (floating IPs, reached from here at 22, 80, 443)
flavors   small, medium, large; impossible fits no host
groups    default, worker, web
images    {", ".join(names)}
relays    {layout.relays}: services of this host that machines reach at their gateway
faults    http://127.0.0.1:{layout.port("faults")}/ (tests/cloud/faults.py)
logs      {layout.logs}
stop      make cloud-stop"""


def main() -> None:
    meant = layout(arguments(ArgumentParser(description=__doc__)).parse_args())
    stop.require_root(meant)
    began = time.monotonic()
    if not is_up(meant):
        up(meant)
    print(usage(meant, time.monotonic() - began))


if __name__ == "__main__":
    exit_on_error(main)
