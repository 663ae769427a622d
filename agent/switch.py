"""switch and keep: make an instance live, and verify it as visitors reach it.

If the rehearsal has shown that the migration changes the database, the database is migrated first:
visitors only read meanwhile, until the instance is verified (`agent/migration.py`).

An instance that fails its checks after the switch is undone: `current` points at the previous one
again (`agent/recovery.py`). Rolling back is a switch to an earlier release that is still installed,
with the configuration that it had; its pages are requested before visitors get them, since the
database may be newer. It never touches the database.

With several servers (`--together`), each one verifies the instance and leaves its deployment
unfinished. When all of them succeed, `keep` ends it; otherwise `abandon --switched DIGEST` undoes
it.
"""

import time

from agent import database, migration, processes, read_only
from agent.component_directory import CURRENT, NEXT, ComponentDirectory
from agent.errors import AgentError, error_message
from agent.instance import Instance
from agent.journal import UnfinishedDeployment
from agent.properties import print_properties
from agent.recovery import (
    finish_or_undo,
    is_switched,
    live_sentence,
    reload,
    reload_and_verify,
    undo_on_failure,
)
from agent.verification import request_next, verify_release
from model.release import SHORT, Digest


def switch(
    directory: ComponentDirectory,
    digest: Digest,
    *,
    configuration: str | None = None,
    together: bool = False,
) -> str:
    """The result in a sentence; raises AgentError naming the check, with the old instance live."""
    start = time.monotonic()
    deployment = directory.journal.unfinished()
    wanted = choose_instance(directory, digest, configuration, deployment)
    if deployment and deployment.instance != wanted:
        print(finish_or_undo(directory), flush=True)
        deployment = None
    if directory.live_instance == wanted and not (deployment and deployment.first("switching")):
        return verify_live_instance(directory, wanted)
    require_rehearsal(directory, wanted, deployment)
    with undo_on_failure(directory):
        directory.reserve.hold()
        summary = migrate(directory, deployment)
        previous = set_current(directory, wanted, deployment, together=together)
        if not read_only.is_closed_at_edge(directory):
            reload(directory, wanted)
        verify_release(directory, wanted, CURRENT)
    print_properties(configuration=wanted.configuration)
    result = f"in {time.monotonic() - start:.1f} s, digest {digest[:SHORT]}{summary}"
    if together:
        return f"answers {result}"
    return f"live {result}{end_deployment(directory, wanted, previous)}"


def choose_instance(
    directory: ComponentDirectory,
    digest: Digest,
    configuration: str | None,
    deployment: UnfinishedDeployment | None,
) -> Instance:
    """The instance that is being deployed, or that was live with the release last.

    `configuration` asks for another configuration of a release. Raises AgentError when the server
    does not have it.
    """
    if configuration is not None:
        instance = Instance(digest, configuration)
        if instance not in directory.instances_of(digest):
            raise AgentError(
                f"configuration {configuration} of {digest[:SHORT]} is not on this server"
            )
        return instance
    if deployment and deployment.digest == digest:
        return deployment.instance
    return directory.require_instance(digest)


def migrate(directory: ComponentDirectory, deployment: UnfinishedDeployment | None) -> str:
    """Migrate the database if the rehearsal says so; the end of the summary.

    The instance is checked again afterwards, before visitors reach it.
    """
    if not deployment or deployment.first("switching"):
        return ""
    start = time.monotonic()
    summary = migration.migrate(directory, deployment)
    if not summary:
        return ""
    request_next(directory, deployment.instance)
    print(f"migrated and checked in {time.monotonic() - start:.1f} s", flush=True)
    return f"; {summary}"


def keep(directory: ComponentDirectory, digest: Digest) -> str:
    """End a switch that all servers have made together; the result in a sentence."""
    deployment = directory.journal.unfinished()
    switching = deployment.first("switching") if deployment else None
    if directory.live != digest:
        raise AgentError(f"{digest[:SHORT]} is not live here: {live_sentence(directory)}")
    if not deployment or not switching:
        return f"already live, digest {digest[:SHORT]}"
    end = end_deployment(directory, deployment.instance, switching.previous_instance)
    return f"live, digest {digest[:SHORT]}{end}"


def end_deployment(
    directory: ComponentDirectory, instance: Instance, previous: Instance | None
) -> str:
    """Record that an instance is live, let visitors write again, and remove old releases.

    The result is a warning when removing fails, as the end of a sentence: the switch itself has
    succeeded. Raises AgentError when visitors cannot write again, or get no pages.
    """
    was_closed = read_only.is_closed_at_edge(directory)
    directory.journal.append("live", instance)
    try:
        read_only.open_again(directory)
        if was_closed:
            # Not before: PHP compiles everything again, and visitors would wait for that.
            reload_and_verify(directory, instance)
    except (AgentError, OSError) as error:
        raise AgentError(f"{instance.digest[:SHORT]} is live, but {error_message(error)}") from None
    try:
        directory.remove_link(NEXT)
        processes.end_others(directory, instance)
        for removed in directory.prune(directory.context().keep, instance, previous):
            database.remove_login(directory, removed)
    except (AgentError, OSError) as error:
        return f", but older releases could not be removed: {error_message(error)}"
    return ""


def require_rehearsal(
    directory: ComponentDirectory, instance: Instance, deployment: UnfinishedDeployment | None
) -> None:
    """Raises AgentError for an instance that was not rehearsed here and was never live."""
    rehearsed = deployment and (deployment.first("rehearsed") or deployment.first("switching"))
    if not rehearsed and instance not in directory.journal.live_instances():
        raise AgentError(
            f"{instance.digest[:SHORT]} was never live and has not been checked: rehearse it first"
        )


def set_current(
    directory: ComponentDirectory,
    instance: Instance,
    deployment: UnfinishedDeployment | None,
    *,
    together: bool,
) -> Instance | None:
    """Point `current` at the instance, unless a killed switch has; the one that was live before.

    The event is written first, so that the next verb after a kill ends the processes started here.
    """
    switching = deployment.first("switching") if deployment else None
    if switching and deployment and is_switched(directory, deployment):
        return switching.previous_instance
    previous = directory.live_instance
    directory.journal.append(
        "switching",
        instance,
        previous=previous.digest if previous else None,
        previous_configuration=previous.configuration if previous else "",
        together=together,
    )
    if deployment and deployment.first("rehearsed"):
        processes.start(directory, instance)
    else:
        # An earlier release was not checked with today's database. Its log is not shown: a
        # rollback has no secrets, so it could not hide them.
        request_next(directory, instance, show_log=False)
    directory.set_link(CURRENT, instance)
    return previous


def verify_live_instance(directory: ComponentDirectory, instance: Instance) -> str:
    """Verify an instance that is live already; a failure leaves it live."""
    with undo_on_failure(directory):
        processes.start(directory, instance)
        reload_and_verify(directory, instance)
    directory.journal.append("proved", instance)
    read_only.open_again(directory)
    directory.remove_link(NEXT)
    print_properties(configuration=instance.configuration)
    return f"already live, digest {instance.digest[:SHORT]}"
