"""`make clean`: delete the machines of OpenStack projects that this installation has as servers."""

from argparse import ArgumentParser

from local import secrets
from local.errors import CommandError, exit_on_error
from local.layout import arguments, layout
from servers.errors import ServerError
from servers.provision import delete_all


def main() -> None:
    installation = layout(arguments(ArgumentParser(description=__doc__)).parse_args())
    try:
        delete_all(installation, secrets.operator(installation))
    except ServerError as error:
        raise CommandError(str(error)) from None


if __name__ == "__main__":
    exit_on_error(main)
