"""prepare: bring a release onto this server, verified and configured, beside the live one."""

from pathlib import Path
from typing import Any

from agent import accounts, database, processes, runtimes
from agent.artifact import inspect, unpack, verify_provenance
from agent.component_directory import Place, read_manifest, seal
from agent.configuration import context, render, secrets, share
from agent.failure import Failure
from agent.recovery import settle, undone
from model.release import SHORT, Digest, Manifest, Order


def prepare(
    place: Place, digest: Digest, order: Order, artifact: Path | None, provenance: Path | None
) -> str:
    """The outcome in a sentence; raises Failure and leaves nothing of an unfinished release."""
    place.create()
    deployment = place.journal.unfinished()
    if deployment and deployment.digest == place.live == digest and deployment.undecided:
        return f"{digest[:SHORT]} answers already, and waits for the other servers"
    if settled := settle(place):
        print(settled, flush=True)
    place.journal.append("preparing", digest)
    try:
        if place.release(digest).is_dir():
            outcome = refresh(place, digest, order, provenance)
        else:
            outcome = add(place, digest, order, artifact, provenance)
    except (Failure, OSError) as reason:
        raise undone(place, reason) from None
    place.journal.append("prepared", digest, order=order.model_copy(update={"secrets": {}}))
    return outcome


def add(
    place: Place, digest: Digest, order: Order, artifact: Path | None, provenance: Path | None
) -> str:
    """Verify, unpack and configure a release that is not here yet."""
    if not artifact or not provenance:
        raise Failure(f"release {digest[:SHORT]} is not here: give --artifact and --provenance")
    verify_provenance(provenance, place.server.public_key, place.component, digest)
    files = inspect(artifact, digest)
    draft = place.draft(digest)
    unpack(artifact, draft)
    manifest = read_manifest(draft, place.component)
    templates = configure(place, digest, draft, manifest, order)
    seal(draft)
    draft.rename(place.release(digest))
    return f"unpacked {files:,} files, configured {templates} templates"


def configure(place: Place, digest: Digest, draft: Path, manifest: Manifest, order: Order) -> int:
    """Make a new tree this environment's; the number of its templates."""
    owner = accounts.account(place, manifest)
    templates, _ = render(draft, names(place, digest, manifest, order), owner)
    edge = accounts.edge(place.server) if owner is not None else None
    share(draft, place.shared, manifest.serve.writable, owner, edge)
    runtimes.of(manifest.runtime).configure(place, digest, draft, manifest.serve)
    return templates


def names(place: Place, digest: Digest, manifest: Manifest, order: Order) -> dict[str, Any]:
    """What templates may use; the secrets are looked at before a database is made."""
    given = secrets(manifest, order)
    login = database.ensure(place, manifest, order)
    return context(place, digest, manifest, order, given, login)


def refresh(place: Place, digest: Digest, order: Order, provenance: Path | None) -> str:
    """Configure a release again that is here already: a secret may have been rotated."""
    if provenance:
        verify_provenance(provenance, place.server.public_key, place.component, digest)
    manifest = place.manifest(digest)
    filled_in = names(place, digest, manifest, order)
    owner = accounts.account(place, manifest)
    templates, changed = render(place.release(digest), filled_in, owner)
    if changed:
        # PHP remembers the old file, of the live release and of one that was only previewed.
        runtimes.of(manifest.runtime).reload(place.server)
    if place.live == digest:
        processes.start(place, digest, telling=True)
    return f"already here, configured {templates} templates, {changed} changed"
