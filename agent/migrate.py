"""migrate: bring the database to what a release expects, with a backup to return to."""

import shlex

from agent import accounts, commands, database, versions
from agent.component_directory import Place
from agent.failure import Failure
from agent.plans import variables
from agent.recovery import undone
from model.component import Database
from model.reading import Command
from model.release import SHORT, Digest


def migrate(place: Place, digest: Digest) -> str:
    """The outcome in a sentence; raises Failure naming the command, with the database restored."""
    manifest = place.manifest(digest)
    wanted = manifest.database
    if place.live == digest:
        return f"{digest[:SHORT]} is already live: nothing to migrate"
    try:
        versions.suit(place, manifest)
    except (Failure, OSError) as reason:
        raise undone(place, reason) from None
    if not wanted or not (wanted.install or wanted.migrate):
        return "nothing to migrate"
    deployment = place.journal.unfinished()
    if not deployment or deployment.digest != digest or not deployment.first("prepared"):
        raise Failure(f"{digest[:SHORT]} is not being deployed: prepare it first")
    if deployment.first("migrated"):
        return f"{digest[:SHORT]} has migrated already"
    if deployment.first("installing", "migrating"):
        raise Failure(f"the migration to {digest[:SHORT]} was interrupted: prepare it again")
    return change(place, digest, wanted)


def change(place: Place, digest: Digest, wanted: Database) -> str:
    empty = database.is_empty(place)
    if empty:
        place.journal.append("installing", digest)
    else:
        backup = database.back_up(place, digest)
        place.journal.append("migrating", digest, backup=backup)
    chosen = wanted.install if empty and wanted.install else wanted.migrate
    try:
        for command in chosen:
            obey(place, digest, command)
    except (Failure, OSError) as reason:
        raise undone(place, reason) from None
    place.journal.append("migrated", digest)
    kept = "the schema was empty" if empty else f"backup {backup}"
    return f"{' and '.join(map(shlex.join, chosen))}; {kept}"


def obey(place: Place, digest: Digest, command: Command) -> None:
    """Run one command of the component's in its release; raises Failure naming it."""
    line = shlex.join(command)
    print(f"$ {line}", flush=True)
    manifest = place.manifest(digest)
    environment = variables(place, digest, manifest)
    account = accounts.account(place, manifest)
    known = commands.debian(command)
    code = commands.show(known, place.release(digest), environment, account)
    if code:
        raise Failure(f"{line} failed with {code}")
