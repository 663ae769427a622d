"""migrate: bring the database to what a release expects, with a backup to return to."""

import shlex

from agent import accounts, commands, database, versions
from agent.component_directory import ComponentDirectory
from agent.failure import Failure
from agent.plans import variables
from agent.recovery import undone
from model.component import Database
from model.reading import Command
from model.release import SHORT, Digest


def migrate(directory: ComponentDirectory, digest: Digest) -> str:
    """The outcome in a sentence; raises Failure naming the command, with the database restored."""
    manifest = directory.manifest(digest)
    wanted = manifest.database
    if directory.live == digest:
        return f"{digest[:SHORT]} is already live: nothing to migrate"
    try:
        versions.suit(directory, manifest)
    except (Failure, OSError) as reason:
        raise undone(directory, reason) from None
    if not wanted or not (wanted.install or wanted.migrate):
        return "nothing to migrate"
    deployment = directory.journal.unfinished()
    if not deployment or deployment.digest != digest or not deployment.first("prepared"):
        raise Failure(f"{digest[:SHORT]} is not being deployed: prepare it first")
    if deployment.first("migrated"):
        return f"{digest[:SHORT]} has migrated already"
    if deployment.first("installing", "migrating"):
        raise Failure(f"the migration to {digest[:SHORT]} was interrupted: prepare it again")
    return change(directory, digest, wanted)


def change(directory: ComponentDirectory, digest: Digest, wanted: Database) -> str:
    empty = database.is_empty(directory)
    if empty:
        directory.journal.append("installing", digest)
    else:
        backup = database.back_up(directory, digest)
        directory.journal.append("migrating", digest, backup=backup)
    chosen = wanted.install if empty and wanted.install else wanted.migrate
    try:
        for command in chosen:
            run_component_command(directory, digest, command)
    except (Failure, OSError) as reason:
        raise undone(directory, reason) from None
    directory.journal.append("migrated", digest)
    kept = "the schema was empty" if empty else f"backup {backup}"
    return f"{' and '.join(map(shlex.join, chosen))}; {kept}"


def run_component_command(directory: ComponentDirectory, digest: Digest, command: Command) -> None:
    """Run one command of the component's in its release; raises Failure naming it."""
    line = shlex.join(command)
    print(f"$ {line}", flush=True)
    manifest = directory.manifest(digest)
    environment = variables(directory, digest, manifest)
    account = accounts.account(directory, manifest)
    known = commands.debian(command)
    code = commands.show(known, directory.release(digest), environment, account)
    if code:
        raise Failure(f"{line} failed with {code}")
