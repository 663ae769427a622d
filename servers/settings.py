"""What each server of an environment has in common: a machine of its own, or a folder here."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from agent import mariadb
from agent.server import ComponentAccount, DatabaseServer, Server
from model.environment import Environment
from model.site import Site
from servers.debian_releases import DebianRelease


def server_settings(
    site: Site,
    environment: Environment,
    release: DebianRelease,
    *,
    srv: Path,
    run: Path,
    state: Path,
    log: Path,
    public_key: Path,
    account: str,
    authority: Path,
    supervisor: Path | None = None,
    accounts: Mapping[str, ComponentAccount] | None = None,
    edge: str | None = None,
    bind: str | None = None,
) -> Server:
    """The `server.toml` of one server; `account` runs its services and administers its database.

    `release` is that of the server's machine, `authority` where the certificate of the edge's own
    authority is, if it uses one. A server has one `supervisor`, or one for each of the `accounts`.
    """
    database = DatabaseServer(socket=run / "mariadb.sock", user=account)
    return Server(
        srv=srv,
        run=run,
        state=state,
        log=log,
        public_key=public_key,
        php_fpm=release.php_fpm,
        http_port=environment.http_port,
        https_port=environment.https_port,
        bind=bind,
        authority=own_authority(environment, authority),
        database=database if any(component.database for component in site.components) else None,
        supervisor=supervisor,
        accounts=accounts or {},
        edge=edge,
    )


def own_authority(environment: Environment, published: Path) -> Path | None:
    """Where the certificates are with which pages can be verified; None: a public authority's."""
    if environment.acme and environment.acme.root:
        return Path(environment.acme.root)
    return published if environment.tls == "internal" else None


def database_script(server: Server, database: DatabaseServer) -> str:
    """Shell that creates the database's folder unless it exists, complete or not at all."""
    folder = mariadb.folder(server)
    draft = f"{folder}.new"
    install = [str(word) for word in mariadb.initialise(server, database.user)]
    install = [word.replace(f"--datadir={folder}", f"--datadir={draft}") for word in install]
    commands = (["rm", "-rf", draft], install, ["mv", draft, str(folder)])
    lines = (
        "set -e",
        f"test ! -d {shlex.quote(str(folder))} || exit 0",
        *map(shlex.join, commands),
    )
    return "\n".join(lines) + "\n"
