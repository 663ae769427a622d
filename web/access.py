"""The Buildbot UI: everybody sees everything, releasers press."""

from typing import Any

from buildbot.util.service import BuildbotService
from buildbot.www.authz.authz import Authz
from buildbot.www.authz.endpointmatchers import AnyControlEndpointMatcher
from buildbot.www.authz.roles import RolesFromUsername

from change_sources import webhooks
from change_sources.git_limits import GitLimits
from model.installation import Installation
from model.site import Site
from releases.database_room import RESERVE, DatabaseRoom
from releases.store import Store
from web.endpoints import PAGE, ReleasesPage
from web.health import HealthChecks
from web.password_auth import PasswordAuth

RELEASER = "releaser"


def services(site: Site, installation: Installation, store: Store) -> list[BuildbotService]:
    """The limits of talks with repositories and of the disk, and what the Releases page shows."""
    limits = [GitLimits(site.git_seconds), DatabaseRoom(RESERVE)]
    return [*limits, HealthChecks(site, installation), ReleasesPage(site, store)]


def ui(site: Site, installation: Installation) -> dict[str, Any]:
    """The value of `c["www"]`."""
    return {
        "port": f"tcp:{installation.http_port}:interface=127.0.0.1",
        "auth": PasswordAuth(installation.secrets / "ui-passwords"),
        "authz": Authz(
            # Without a rule that matches, Buildbot allows: this one matches every action.
            allowRules=[AnyControlEndpointMatcher(role=RELEASER)],
            roleMatchers=[RolesFromUsername(roles=[RELEASER], usernames=list(site.releasers))],
        ),
        "plugins": {PAGE: {}},
        "change_hook_dialects": webhooks.dialects(),
    }
