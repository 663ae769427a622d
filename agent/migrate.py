"""migrate: back up the component's database, and run the release's migration on it."""

import shlex

from agent import accounts, commands, database, versions
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.plans import variables
from agent.recovery import undo_on_failure
from model.component import Database
from model.reading import Command
from model.release import SHORT, Digest


def migrate(directory: ComponentDirectory, digest: Digest) -> str:
    """The result in a sentence; raises AgentError naming the command, with the data restored."""
    manifest = directory.manifest(digest)
    declared = manifest.database
    if directory.live == digest:
        return f"{digest[:SHORT]} is already live: nothing to migrate"
    with undo_on_failure(directory):
        versions.require_version(directory, manifest)
    if not declared or not (declared.install or declared.migrate):
        return "nothing to migrate"
    deployment = directory.journal.unfinished()
    if not deployment or deployment.digest != digest or not deployment.first("prepared"):
        raise AgentError(f"{digest[:SHORT]} is not being deployed: prepare it first")
    if deployment.first("migrated"):
        return f"{digest[:SHORT]} has migrated already"
    if deployment.first("installing", "migrating"):
        raise AgentError(f"the migration to {digest[:SHORT]} was interrupted: prepare it again")
    return run_migration(directory, digest, declared)


def run_migration(directory: ComponentDirectory, digest: Digest, declared: Database) -> str:
    """Run the commands `install` on an empty database, otherwise back it up and run `migrate`."""
    if is_empty := database.is_empty(directory):
        directory.journal.append("installing", digest)
        note = "the schema was empty"
    else:
        backup = database.back_up(directory, digest)
        directory.journal.append("migrating", digest, backup=backup)
        note = f"backup {backup}"
    migration = declared.install if is_empty and declared.install else declared.migrate
    with undo_on_failure(directory):
        for command in migration:
            run_component_command(directory, digest, command)
    directory.journal.append("migrated", digest)
    return f"{' and '.join(map(shlex.join, migration))}; {note}"


def run_component_command(directory: ComponentDirectory, digest: Digest, command: Command) -> None:
    """Run a command of the component in its release; raises AgentError naming the command."""
    line = shlex.join(command)
    print(f"$ {line}", flush=True)
    manifest = directory.manifest(digest)
    code = commands.run_in_log(
        commands.with_debian_python(command),
        directory.release(digest),
        variables(directory, digest, manifest),
        accounts.account(directory, manifest),
    )
    if code:
        raise AgentError(f"{line} failed with {code}")
