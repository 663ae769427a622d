"""prepare: verify and unpack a release beside the live one, and configure it for the environment.

A release that is installed already is not unpacked again. If its configuration would be another one
now, for example because a secret has been rotated, a new instance of it is made; the old one stays
as it is.
"""

from pathlib import Path

from agent.artifact import verify_provenance
from agent.component_directory import ComponentDirectory
from agent.configuration import differing_files, render_templates
from agent.database import has_login
from agent.instance import Instance
from agent.instance_tree import link_instance, template_values, unpack_instance
from agent.properties import print_properties
from agent.recovery import finish_or_undo, undo_on_failure
from model.release import SHORT, Digest, EnvironmentContext


def prepare(
    directory: ComponentDirectory,
    digest: Digest,
    context: EnvironmentContext,
    artifact: Path | None,
    provenance: Path | None,
) -> str:
    """The result in a sentence; raises AgentError after removing the unfinished instance."""
    directory.create()
    deployment = directory.journal.unfinished()
    if deployment and deployment.waits_for_others and deployment.digest == directory.live == digest:
        return f"{digest[:SHORT]} is live already, and waits for the other servers"
    if recovered := finish_or_undo(directory):
        print(recovered, flush=True)
    directory.reserve.hold()
    new = directory.new_instance(digest, context.deployment)
    directory.journal.append("preparing", new)
    with undo_on_failure(directory):
        if installed := directory.instances_of(digest):
            if provenance:
                verify_provenance(
                    provenance, directory.server.public_key, directory.component, digest
                )
            instance, summary = configure_again(directory, installed, new, context)
        else:
            files = unpack_instance(directory, new, context, artifact, provenance)
            instance, summary = new, f"unpacked and configured {files:,} files"
        recorded = context.model_copy(update={"secrets": {}}).model_dump()
        directory.journal.append("prepared", instance, context=recorded)
    return summary


def configure_again(
    directory: ComponentDirectory,
    installed: list[Instance],
    new: Instance,
    context: EnvironmentContext,
) -> tuple[Instance, str]:
    """The instance with the configuration of today, which is made if there is none."""
    differences = [differing_configuration(directory, i, context) for i in installed]
    for instance, files in zip(installed, differences, strict=True):
        if not files:
            return instance, "already here, with the same configuration"
    link_instance(directory, installed[0], new, context)
    live = directory.live_instance
    if live not in installed:
        return new, "already here, configured again"
    names = ", ".join(differences[installed.index(live)])
    print_properties(configured=names)
    return new, f"already live; new configuration: {names}"


def differing_configuration(
    directory: ComponentDirectory, instance: Instance, context: EnvironmentContext
) -> list[str]:
    """The files of an instance that would be other ones if they were rendered now."""
    manifest, tree = directory.manifest(instance), directory.tree(instance)
    if manifest.database and not has_login(directory, instance):
        return ["its login to the database"]
    values = template_values(directory, instance, manifest, context)
    files = differing_files(render_templates(tree, values))
    return [path.relative_to(tree).as_posix() for path in files]
