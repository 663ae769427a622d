"""Run a release's migration: on a copy of its database (`agent/rehearse.py`), then on its own."""

import shlex
import time
from collections.abc import Sequence

from agent import account_command, commands, database, read_only
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError
from agent.instance import Instance
from agent.journal import UnfinishedDeployment
from agent.plans import variables
from model.reading import Command
from model.rehearsal import MigrationResult
from model.release import SHORT


def migrate(directory: ComponentDirectory, deployment: UnfinishedDeployment) -> str:
    """Change the database as the rehearsal has shown; the result in a sentence, empty for nothing.

    Visitors may only read from here until the deployment ends, unless the component says that its
    previous release works with the changed database. Raises AgentError naming the command.
    """
    instance = deployment.instance
    declared = directory.manifest(instance).database
    rehearsal = deployment.first("rehearsed")
    if not declared or not rehearsal or deployment.first("migrated"):
        return ""
    if deployment.first("installing", "migrating"):
        raise AgentError(
            f"the migration to {instance.digest[:SHORT]} was interrupted: prepare it again"
        )
    if database.is_empty(directory) and (declared.install or declared.migrate):
        return install(directory, instance, declared.install or declared.migrate)
    if not rehearsal.migration or not rehearsal.migration.changes_something:
        return ""
    return change(directory, instance, declared.migrate, rehearsal.migration)


def install(directory: ComponentDirectory, instance: Instance, install: Sequence[Command]) -> str:
    """Fill an empty database."""
    close_for(directory, instance)
    directory.journal.append("installing", instance)
    run_commands(directory, instance, install)
    directory.journal.append("migrated", instance)
    read_only.close(directory)
    return "the database was empty and is installed"


def change(
    directory: ComponentDirectory,
    instance: Instance,
    migrate: Sequence[Command],
    rehearsal: MigrationResult,
) -> str:
    """Back up the database and migrate it."""
    start = time.monotonic()
    if rehearsal.needs_read_only:
        close_for(directory, instance)
    backup = database.back_up(directory, instance)
    directory.journal.append("migrating", instance, backup=backup)
    run_commands(directory, instance, migrate)
    directory.journal.append("migrated", instance)
    if rehearsal.needs_read_only:
        # From here on the new release too: what it wrote would be lost if its checks fail.
        read_only.close(directory)
    seconds = time.monotonic() - start
    return f"its migration {rehearsal.sentence}, in {seconds:.1f} s; backup {backup}"


def close_for(directory: ComponentDirectory, instance: Instance) -> None:
    """Let only the new instance write; the event comes first, so a kill is followed by opening."""
    directory.journal.append("closing", instance)
    read_only.close(directory, writer=instance)


def undo_migration(directory: ComponentDirectory, deployment: UnfinishedDeployment) -> str:
    """Restore the database if nobody can have written since its backup; the result in a sentence.

    Empty when the database was not changed.
    """
    change = deployment.first("installing", "migrating")
    if not change:
        return ""
    if not deployment.first("closing") or not read_only.is_closed(directory, deployment.instance):
        backup = f"; the backup {change.backup} is from before" if change.backup else ""
        return (
            "its database keeps what the migration did, because visitors may have written since"
            f"{backup}"
        )
    return database.restore(directory, change.backup)


def run_commands(
    directory: ComponentDirectory, instance: Instance, declared: Sequence[Command]
) -> None:
    """Run commands of the component in an instance; raises AgentError naming the command."""
    manifest = directory.manifest(instance)
    for command in declared:
        line = shlex.join(command)
        print(f"$ {line}", flush=True)
        code = account_command.run(
            directory,
            commands.with_debian_python(command),
            directory.tree(instance),
            variables(directory, instance, manifest),
            hidden=database.password(directory, instance),
            watch=database.watch(directory),
        )
        if code:
            raise AgentError(f"{line} failed with {code}{database.room_sentence(directory)}")
