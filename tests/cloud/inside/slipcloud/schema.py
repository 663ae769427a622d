"""Creates one service's database, in one process, since imports are what costs.

python -m slipcloud.schema keystone|glance|placement|nova|neutron CONFIGURATION ARGUMENT...
"""

import os
import sys
from pathlib import Path


def keystone(configuration: str, url: str, public: str, password: str, region: str) -> None:
    """Tables, keys, and the first account with which all others are made."""
    from keystone.cmd import cli

    root = ("--keystone-user", "root", "--keystone-group", "root")
    urls = (
        *("--bootstrap-public-url", public),
        *("--bootstrap-internal-url", url, "--bootstrap-admin-url", url),
    )
    account = ("--bootstrap-password", password, "--bootstrap-region-id", region)
    for command in (
        ("db_sync",),
        ("fernet_setup", *root),
        ("credential_setup", *root),
        ("bootstrap", *account, *urls),
    ):
        cli.CONF.clear()
        cli.main(["keystone-manage", "--config-file", configuration, *command])


def glance(configuration: str) -> None:
    from glance.cmd import manage

    sys.argv = ["glance-manage", "--config-file", configuration, "db_sync"]
    manage.main()


def placement(configuration: str) -> None:
    from placement.cmd import manage

    sys.argv = ["placement-manage", "--config-file", configuration, "db", "sync"]
    manage.main()


def nova(configuration: str, cell0: str, host: str) -> None:
    """Both databases, and the compute host's entry: its discovery took up to 29 s."""
    os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
    from nova.cmd import manage  # first: it decides between threads and eventlet

    # isort: split
    from nova import config, context, objects
    from nova.db import migration

    sys.argv = ["nova-manage", "--config-file", configuration]
    config.parse_args(sys.argv)
    objects.register_all()
    migration.db_sync(database="api")
    cells = manage.CellV2Commands()
    cells.map_cell0(cell0)
    manage.DbCommands().sync()
    cells.create_cell(name="cell1")
    admin = context.get_admin_context()
    cell1 = next(c for c in objects.CellMappingList.get_all(admin) if c.name == "cell1")
    objects.HostMapping(admin, host=host, cell_mapping=cell1).create()


def neutron(configuration: str) -> None:
    """The tables as the models have them, stamped as if migrated, which takes far longer."""
    from alembic.script import ScriptDirectory
    from neutron.common import config
    from neutron.db.migration import cli
    from neutron.db.migration.models import head
    from oslo_config import cfg
    from oslo_db import options
    from sqlalchemy import create_engine, text

    config.register_common_config_options()
    config.init(["--config-file", configuration])
    options.set_defaults(cfg.CONF)
    engine = create_engine(cfg.CONF.database.connection)
    head.get_metadata().create_all(engine)
    scripts = ScriptDirectory(str(Path(cli.__file__).parent / "alembic_migrations"))
    with engine.begin() as connection:
        connection.execute(text("create table alembic_version (version_num varchar(32) not null)"))
        for version in scripts.get_heads():
            insert = text("insert into alembic_version values (:version)")
            connection.execute(insert, {"version": version})


SCHEMAS = {function.__name__: function for function in (keystone, glance, placement, nova, neutron)}

if __name__ == "__main__":
    SCHEMAS[sys.argv[1]](*sys.argv[2:])
