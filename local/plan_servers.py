"""`make plan`: what `make run` would change in OpenStack projects and on servers."""

from argparse import ArgumentParser
from dataclasses import replace

from local import installation_accounts, secrets
from local.errors import CommandError, exit_on_error
from local.layout import add_arguments, read_layout
from model.plural import plural
from model.reading import InvalidSite
from model.site import read_site
from servers.errors import ServerError
from servers.provision import changes

NOBODY = "no installation yet"
"""Whose networks and machines there are before the first `make run`: none."""


def main() -> None:
    layout = read_layout(add_arguments(ArgumentParser(description=__doc__)).parse_args())
    installation_accounts.become_master(layout)
    if layout.adopted_clouds.exists():
        layout = replace(layout, clouds=layout.adopted_clouds)
    owner = secrets.installation_id(layout) if layout.operator_key.exists() else NOBODY
    count = 0
    try:
        site = read_site(layout.site, layout.environments)
        for change in changes(site, layout, owner):
            print(change, flush=True)
            count += 1
    except (ServerError, InvalidSite) as error:
        raise CommandError(str(error)) from None
    print(
        f"{plural(count, 'change')} in all; make run makes them" if count else "Nothing to change"
    )


if __name__ == "__main__":
    exit_on_error(main)
