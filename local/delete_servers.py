"""`make clean`: delete the OpenStack machines that are this installation's servers."""

from argparse import ArgumentParser
from dataclasses import replace

from local import installation_accounts, secrets
from local.errors import CommandError, exit_on_error
from local.layout import add_arguments, read_layout
from servers.errors import ServerError
from servers.provision import delete_all


def main() -> None:
    layout = read_layout(add_arguments(ArgumentParser(description=__doc__)).parse_args())
    installation_accounts.become_master(layout)
    if layout.adopted_clouds.exists():
        layout = replace(layout, clouds=layout.adopted_clouds)
    try:
        delete_all(layout, secrets.installation_id(layout))
    except ServerError as error:
        raise CommandError(str(error)) from None


if __name__ == "__main__":
    exit_on_error(main)
