"""`slipway storage`: what the master's store holds, and what was removed from it last."""

from collections.abc import Iterator

import click

from cli.answers import StoreReport
from cli.master_client import Client
from cli.options import with_client
from cli.output import Output
from cli.words import local_time, one_line, plural, size


@click.command()
@with_client
def storage(client: Client, output: Output) -> None:
    """How much the master's store holds, and what was removed last."""
    report = client.store()
    output.answer(report, *lines(client, report))


def lines(client: Client, report: StoreReport) -> Iterator[str]:
    yield f"{plural(report['artifacts'], 'artifact')}, {size(report['size'])}"
    if oldest := report["oldest"]:
        yield f"oldest: {local_time(oldest)}"
    yield f"free on that disk: {size(report['free'])}"
    if warning := report["warning"]:
        yield one_line(warning)
    if removed_at := report["removed_at"]:
        yield f"{local_time(removed_at)} {one_line(report['removed'])}"
        yield client.page(report["link"].removeprefix("#/"))
    else:
        yield "nothing was removed yet"
