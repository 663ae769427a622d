"""Build up the folder of an instance: a verified release, configured for the environment."""

import time
from pathlib import Path
from typing import Any

from agent import accounts, database, runtimes
from agent.artifact import unpack, verify_artifact, verify_provenance
from agent.component_directory import (
    ComponentDirectory,
    link_tree,
    make_read_only,
    read_manifest,
)
from agent.configuration import (
    declared_secrets,
    link_writable_folders,
    render_templates,
    template_context,
    write_configuration,
)
from agent.errors import AgentError
from agent.instance import Instance
from model.release import SHORT, EnvironmentContext, Manifest

CLOCK_TICK = 0.05
"""Seconds by which the times of files may be behind the clock, and more."""


def unpack_instance(
    directory: ComponentDirectory,
    instance: Instance,
    context: EnvironmentContext,
    artifact: Path | None,
    provenance: Path | None,
) -> int:
    """The first instance of a release, from its artifact; the number of files."""
    digest = instance.digest
    if not artifact or not provenance:
        raise AgentError(
            f"release {digest[:SHORT]} is not on this server: give --artifact and --provenance"
        )
    verify_provenance(provenance, directory.server.public_key, directory.component, digest)
    size = verify_artifact(artifact, digest)
    draft = directory.draft(instance)
    wait_for_another_second(directory.releases)
    unpack(artifact, draft, size)
    manifest = read_manifest(draft, directory.component)
    values = template_values(directory, instance, manifest, context)
    group = accounts.own_group(directory)
    write_configuration(draft, render_templates(draft, values), group)
    link_writable_folders(draft, directory.shared, manifest.serve.writable, group)
    finish(directory, instance, manifest)
    return size.files


def wait_for_another_second(releases: Path) -> None:
    """Let no two releases have files of the same second.

    Caddy computes an ETag from a file's size and its time in seconds: a browser would go on showing
    the earlier release's file.
    """
    newest = max((tree.stat().st_ctime for tree in releases.iterdir()), default=0)
    now = time.time()
    if int(now) == int(newest):
        time.sleep(int(now) + 1 + CLOCK_TICK - now)


def link_instance(
    directory: ComponentDirectory,
    source: Instance,
    instance: Instance,
    context: EnvironmentContext,
) -> None:
    """Another instance of an installed release: the same files, with its own configuration."""
    draft = directory.draft(instance)
    link_tree(directory.tree(source), draft)
    manifest = directory.manifest(source)
    values = template_values(directory, instance, manifest, context)
    write_configuration(draft, render_templates(draft, values), accounts.own_group(directory))
    finish(directory, instance, manifest)


def finish(directory: ComponentDirectory, instance: Instance, manifest: Manifest) -> None:
    """Add the runtime's files to the draft, and give it its name."""
    draft = directory.draft(instance)
    runtime = runtimes.get_runtime(manifest.runtime)
    runtime.configure(directory, instance, draft, manifest.serve)
    make_read_only(draft)
    draft.rename(directory.tree(instance))


def template_values(
    directory: ComponentDirectory,
    instance: Instance,
    manifest: Manifest,
    context: EnvironmentContext,
) -> dict[str, Any]:
    """The names that templates may use; a missing secret is refused before a database is made."""
    secrets = declared_secrets(manifest, context)
    login = database.ensure_login(directory, instance, manifest, context)
    return template_context(directory, instance, manifest, context, secrets, login)
