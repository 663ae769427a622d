"""`make change`: commit a small visible change, and send the master GitHub's webhook."""

import hashlib
import hmac
import json
from argparse import ArgumentParser
from functools import partial
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from local import installation_accounts
from local.account_names import MASTER
from local.as_account import call
from local.errors import CommandError, exit_on_error
from local.layout import Layout, add_arguments, read_layout
from local.mirrors.git_commands import MirrorError
from local.mirrors.visible_change import commit_visible_change
from local.progress import console
from local.secrets import WEBHOOK
from local.services.probes import LOOPBACK, SECONDS
from model.component import Component, Source
from model.reading import InvalidSite
from model.site import read_site


def change(layout: Layout, name: str) -> str:
    """Commit a change to a component's mirror and send the webhook; returns what was committed."""
    try:
        component = find_component(layout, name)
    except InvalidSite as error:
        raise CommandError(str(error)) from None
    message: str = call(layout, "", partial(commit, layout, component))
    for source in component.sources:
        if source.branch and (problem := call(layout, MASTER, partial(hook, layout, source))):
            console.print(f"[yellow]![/] {problem}")
    return message


def commit(layout: Layout, component: Component) -> str:
    try:
        return commit_visible_change(layout.site, component, layout.mirrors)
    except MirrorError as error:
        raise CommandError(str(error)) from None


def find_component(layout: Layout, name: str) -> Component:
    components = read_site(layout.site, layout.environments).components
    for component in components:
        if component.name == name:
            return component
    names = ", ".join(component.name for component in components)
    raise CommandError(f"say which component: make change COMPONENT=…, one of {names}")


def hook(layout: Layout, source: Source) -> str:
    """Send the master GitHub's webhook; returns why not, if the master's poller must find it."""
    try:
        with urlopen(request(layout, source), timeout=SECONDS):  # noqa: S310  # our own master
            pass
    except HTTPError as error:
        raise CommandError(f"the master refused the webhook: {error.read().decode()}") from None
    except (URLError, OSError):
        return f"no master answers at {layout.url}; it will see the commit"
    return ""


def request(layout: Layout, source: Source) -> Request:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#push, signed."""
    body = json.dumps(
        {"ref": f"refs/heads/{source.branch}", "repository": {"clone_url": source.repository}}
    ).encode()
    key = (layout.secrets / WEBHOOK).read_bytes() if layout.secrets.is_dir() else b""
    signature = hmac.new(key, body, hashlib.sha256).hexdigest()
    return Request(
        f"http://{LOOPBACK}:{layout.http_port}/change_hook/github",
        body,
        {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": f"sha256={signature}",
        },
    )


def main() -> None:
    parser = add_arguments(ArgumentParser(description=__doc__))
    parser.add_argument("--component", default="")
    options = parser.parse_args()
    layout = read_layout(options)
    installation_accounts.become_only_account(layout)
    console.print(change(layout, options.component), soft_wrap=True)


if __name__ == "__main__":
    exit_on_error(main)
