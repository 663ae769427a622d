"""The webhooks of all forges, as Buildbot is configured with them."""

from typing import Any

from buildbot.process.properties import Secret

from change_sources.gitea import GiteaHook
from change_sources.github import GitHubHook
from change_sources.gitlab import GitLabHook
from change_sources.webhook import Webhook
from model.forges import FORGES, webhook_secret

HOOKS: dict[str, type[Webhook]] = {
    "github": GitHubHook,
    "gitlab": GitLabHook,
    "gitea": GiteaHook,
}


def dialects() -> dict[str, dict[str, Any]]:
    """The value of `c["www"]["change_hook_dialects"]`."""
    return {
        forge: {"custom_class": HOOKS[forge], "secret": Secret(webhook_secret(forge))}
        for forge in FORGES
    }
