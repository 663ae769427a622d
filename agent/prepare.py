"""prepare: verify and unpack a release beside the live one, and configure it for the environment.

A release that is installed already is only configured again: a secret may have been rotated.
"""

from pathlib import Path
from typing import Any

from agent import accounts, database, processes, runtimes
from agent.artifact import unpack, verify_artifact, verify_provenance
from agent.component_directory import ComponentDirectory, make_read_only, read_manifest
from agent.configuration import (
    declared_secrets,
    link_writable_folders,
    render_templates,
    template_context,
)
from agent.errors import AgentError
from agent.recovery import finish_or_undo, undo_on_failure
from model.release import SHORT, Digest, EnvironmentContext, Manifest


def prepare(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    artifact: Path | None,
    provenance: Path | None,
) -> str:
    """The result in a sentence; raises AgentError after removing the unfinished release."""
    directory.create()
    deployment = directory.journal.unfinished()
    if deployment and deployment.digest == directory.live == digest and deployment.undecided_switch:
        return f"{digest[:SHORT]} is live already, and waits for the other servers"
    if recovered := finish_or_undo(directory):
        print(recovered, flush=True)
    directory.journal.append("preparing", digest)
    with undo_on_failure(directory):
        if directory.release(digest).is_dir():
            summary = configure_again(directory, digest, context, provenance)
        else:
            summary = add_release(directory, digest, context, artifact, provenance)
    directory.journal.append("prepared", digest, context=context.model_copy(update={"secrets": {}}))
    return summary


def add_release(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    artifact: Path | None,
    provenance: Path | None,
) -> str:
    """Verify, unpack and configure a release that is not installed yet."""
    if not artifact or not provenance:
        raise AgentError(
            f"release {digest[:SHORT]} is not on this server: give --artifact and --provenance"
        )
    verify_provenance(provenance, directory.server.public_key, directory.component, digest)
    files = verify_artifact(artifact, digest)
    draft = directory.draft(digest)
    unpack(artifact, draft)
    manifest = read_manifest(draft, directory.component)
    templates = configure(directory, digest, draft, manifest, context)
    make_read_only(draft)
    draft.rename(directory.release(digest))
    return f"unpacked {files:,} files, configured {templates} templates"


def configure(
    directory: ComponentDirectory,
    digest: Digest,
    draft: Path,
    manifest: Manifest,
    context: EnvironmentContext,
) -> int:
    """Configure a newly unpacked tree; the number of its templates."""
    owner = accounts.account(directory, manifest)
    values = template_values(directory, digest, manifest, context)
    templates, _ = render_templates(draft, values, owner)
    edge = accounts.edge_group(directory.server) if owner is not None else None
    link_writable_folders(draft, directory.shared, manifest.serve.writable, owner, edge)
    runtimes.get_runtime(manifest.runtime).configure(directory, digest, draft, manifest.serve)
    return templates


def template_values(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest, context: EnvironmentContext
) -> dict[str, Any]:
    """The names that templates may use; a missing secret is refused before a database is made."""
    secrets = declared_secrets(manifest, context)
    login = database.ensure_login(directory, manifest, context)
    return template_context(directory, digest, manifest, context, secrets, login)


def configure_again(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    provenance: Path | None,
) -> str:
    """Render the templates of an installed release again, and apply what changed."""
    if provenance:
        verify_provenance(provenance, directory.server.public_key, directory.component, digest)
    manifest = directory.manifest(digest)
    values = template_values(directory, digest, manifest, context)
    owner = accounts.account(directory, manifest)
    templates, changed = render_templates(directory.release(digest), values, owner)
    if changed:
        # PHP caches the old file, also that of a release which was only previewed.
        runtimes.get_runtime(manifest.runtime).reload(directory.server)
    if directory.live == digest:
        processes.start(directory, digest, show_log=True)
    return f"already here, configured {templates} templates, {changed} changed"
