"""rehearse: check a release before visitors reach it, and its migration on a copy of the database.

The copy shows whether the migration works, what it changes and how long it takes. When it changes
something, the release's pages are requested from an instance that uses the copy and may only read
there, as during the switch. Otherwise they are requested from the instance itself, with the
database that visitors use.

A rehearsal that fails ends the deployment; the live release and its database are not touched.
"""

import time

from agent import database, mariadb, migration, processes, versions
from agent.component_directory import ComponentDirectory
from agent.database_snapshot import changed_definitions, changed_rows, take_snapshot
from agent.errors import AgentError
from agent.instance import COPY, Instance
from agent.instance_tree import link_instance
from agent.properties import print_properties
from agent.recovery import reload, remove_leftovers, undo_on_failure
from agent.verification import request_next
from model.component import Database
from model.rehearsal import MigrationResult
from model.release import SHORT, Digest, EnvironmentContext, Manifest


def rehearse(directory: ComponentDirectory, digest: Digest, context: EnvironmentContext) -> str:
    """The result in a sentence; raises AgentError naming the command or the check that failed."""
    deployment = directory.journal.unfinished()
    if not deployment or deployment.digest != digest or not deployment.first("prepared"):
        raise AgentError(f"{digest[:SHORT]} is not being deployed: prepare it first")
    instance = deployment.instance
    if directory.live_instance == instance:
        return f"{digest[:SHORT]} is already live: nothing to rehearse"
    manifest = directory.manifest(instance)
    with undo_on_failure(directory):
        versions.require_version(directory, manifest)
        sentence, result = rehearse_release(directory, instance, manifest, context)
        directory.journal.append("rehearsed", instance, migration=result)
    if result:
        print_properties(migration=result.model_dump(mode="json"))
    return sentence


def rehearse_release(
    directory: ComponentDirectory,
    instance: Instance,
    manifest: Manifest,
    context: EnvironmentContext,
) -> tuple[str, MigrationResult | None]:
    """The result in a sentence, and that of the migration if there is one."""
    declared = manifest.database
    checks = f"{len(manifest.checks)} checks passed before the switch"
    if declared and (declared.install or declared.migrate) and database.is_empty(directory):
        return "the database is empty: the release is checked after it is installed", None
    result = None
    if declared and declared.migrate:
        result = rehearse_migration(directory, instance, declared, context)
        if result.changes_something:
            visitors = "write" if result.online else "only read"
            return (
                f"the migration {result.sentence} and took {result.seconds:.1f} s on a copy; "
                f"visitors {visitors} meanwhile; {checks}, on the copy"
            ), result
    request_next(directory, instance)
    return f"the migration {result.sentence}; {checks}" if result else checks, result


def rehearse_migration(
    directory: ComponentDirectory,
    instance: Instance,
    declared: Database,
    context: EnvironmentContext,
) -> MigrationResult:
    """Migrate a copy of the database, and check the release with it if that has changed it."""
    copy = Instance(instance.digest, COPY)
    # The copy's login comes first: with it, whatever ends the rehearsal, the copy is dropped.
    link_instance(directory, instance, copy, context)
    schema = database.copy(directory)
    before = take_snapshot(directory, schema)
    start = time.monotonic()
    migration.run_commands(directory, copy, declared.migrate)
    seconds = time.monotonic() - start
    after = take_snapshot(directory, schema)
    result = MigrationResult(
        definitions=changed_definitions(before, after),
        rows=changed_rows(before, after),
        seconds=round(seconds, 2),
        online=declared.online,
    )
    if result.changes_something:
        if result.needs_read_only:
            user = database.read_login(directory, copy).user
            database.execute(directory, mariadb.read_only_statements(schema, [user]))
        # PHP may have cached the configuration of an earlier copy, which had the same path.
        reload(directory, copy)
        request_next(directory, copy)
        processes.end_others(directory, directory.live_instance)
    remove_leftovers(directory)
    return result
