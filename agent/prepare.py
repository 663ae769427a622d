"""prepare: bring a release onto this server, verified and configured, beside the live one."""

from pathlib import Path
from typing import Any

from agent import accounts, database, processes, runtimes
from agent.artifact import inspect, unpack, verify_provenance
from agent.component_directory import ComponentDirectory, read_manifest, seal
from agent.configuration import render, secrets, share, template_context
from agent.failure import Failure
from agent.recovery import settle, undone
from model.release import SHORT, Digest, EnvironmentContext, Manifest


def prepare(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    artifact: Path | None,
    provenance: Path | None,
) -> str:
    """The outcome in a sentence; raises Failure and leaves nothing of an unfinished release."""
    directory.create()
    deployment = directory.journal.unfinished()
    if deployment and deployment.digest == directory.live == digest and deployment.undecided:
        return f"{digest[:SHORT]} answers already, and waits for the other servers"
    if settled := settle(directory):
        print(settled, flush=True)
    directory.journal.append("preparing", digest)
    try:
        if directory.release(digest).is_dir():
            outcome = refresh(directory, digest, context, provenance)
        else:
            outcome = add(directory, digest, context, artifact, provenance)
    except (Failure, OSError) as reason:
        raise undone(directory, reason) from None
    directory.journal.append("prepared", digest, context=context.model_copy(update={"secrets": {}}))
    return outcome


def add(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    artifact: Path | None,
    provenance: Path | None,
) -> str:
    """Verify, unpack and configure a release that is not here yet."""
    if not artifact or not provenance:
        raise Failure(f"release {digest[:SHORT]} is not here: give --artifact and --provenance")
    verify_provenance(provenance, directory.server.public_key, directory.component, digest)
    files = inspect(artifact, digest)
    draft = directory.draft(digest)
    unpack(artifact, draft)
    manifest = read_manifest(draft, directory.component)
    templates = configure(directory, digest, draft, manifest, context)
    seal(draft)
    draft.rename(directory.release(digest))
    return f"unpacked {files:,} files, configured {templates} templates"


def configure(
    directory: ComponentDirectory,
    digest: Digest,
    draft: Path,
    manifest: Manifest,
    context: EnvironmentContext,
) -> int:
    """Make a new tree this environment's; the number of its templates."""
    owner = accounts.account(directory, manifest)
    templates, _ = render(draft, names(directory, digest, manifest, context), owner)
    edge = accounts.edge(directory.server) if owner is not None else None
    share(draft, directory.shared, manifest.serve.writable, owner, edge)
    runtimes.of(manifest.runtime).configure(directory, digest, draft, manifest.serve)
    return templates


def names(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest, context: EnvironmentContext
) -> dict[str, Any]:
    """What templates may use; the secrets are looked at before a database is made."""
    given = secrets(manifest, context)
    login = database.ensure(directory, manifest, context)
    return template_context(directory, digest, manifest, context, given, login)


def refresh(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    provenance: Path | None,
) -> str:
    """Configure a release again that is here already: a secret may have been rotated."""
    if provenance:
        verify_provenance(provenance, directory.server.public_key, directory.component, digest)
    manifest = directory.manifest(digest)
    filled_in = names(directory, digest, manifest, context)
    owner = accounts.account(directory, manifest)
    templates, changed = render(directory.release(digest), filled_in, owner)
    if changed:
        # PHP remembers the old file, of the live release and of one that was only previewed.
        runtimes.of(manifest.runtime).reload(directory.server)
    if directory.live == digest:
        processes.start(directory, digest, show_log=True)
    return f"already here, configured {templates} templates, {changed} changed"
