"""Configure a release for one environment: render its templates, link its writable folders."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta

from agent import accounts, service_process
from agent.component_directory import BACKUPS, ComponentDirectory, write_atomically
from agent.database import LEGACY_LOGIN, DatabaseLogin
from agent.errors import AgentError, error_message
from agent.instance import Instance
from agent.rendering import render_template
from model.release import METADATA_FOLDER, EnvironmentContext, Manifest

TEMPLATES = Path(METADATA_FOLDER) / "templates"

RESERVED = (BACKUPS, LEGACY_LOGIN)
"""Names in the shared folder that no writable folder of a component may have."""

SECRET_NAMES = {"secrets", "database"}
"""What templates must not name if visitors may read what is rendered."""


@dataclass(frozen=True)
class Secrets:
    """The declared secrets of a component, in templates `secrets.salt` or `secrets['auth-key']`."""

    values: Mapping[str, str]
    owner: str

    def __getitem__(self, name: str) -> str:
        if name not in self.values:
            raise AgentError(
                f"a template uses secret '{name}', which {self.owner} does not declare"
            )
        return self.values[name]


def declared_secrets(manifest: Manifest, context: EnvironmentContext) -> Secrets:
    """Raises AgentError when the environment lacks a secret that the component declares."""
    if missing := [name for name in manifest.secrets if name not in context.secrets]:
        raise AgentError(
            f"secret '{missing[0]}' of component {manifest.component} "
            f"is missing in environment {context.environment}"
        )
    values = {name: context.secrets[name] for name in manifest.secrets}
    return Secrets(values, f"component {manifest.component} in environment {context.environment}")


def template_context(
    directory: ComponentDirectory,
    instance: Instance,
    manifest: Manifest,
    context: EnvironmentContext,
    secrets: Secrets,
    login: DatabaseLogin | None,
) -> dict[str, Any]:
    """The names that a component's templates may use."""
    names = {
        "environment": {"name": context.environment, "indexed": context.indexed},
        "host": context.host,
        "url": context.url,
        "component": directory.component,
        "digest": instance.digest,
        "release": str(directory.tree(instance)),
        "shared": str(directory.shared),
        "secrets": secrets,
    }
    if login:
        names["database"] = login.model_dump(mode="json")
    if manifest.services:
        names["services"] = service_addresses(directory, instance, manifest, context)
    return names


def service_addresses(
    directory: ComponentDirectory,
    instance: Instance,
    manifest: Manifest,
    context: EnvironmentContext,
) -> dict[str, dict[str, str]]:
    """How services reach each other: `services.web.socket`, and `services.web.url` when public."""
    addresses = {}
    for name in (service.name for service in manifest.services):
        public = {"url": context.locations[name]} if name in context.locations else {}
        socket = service_process.service_socket(
            directory.server, directory.component, instance.short, name
        )
        addresses[name] = {"socket": str(socket), **public}
    return addresses


def files_by_template(release: Path) -> dict[str, Path]:
    """The templates of a release, each with the file that is rendered from it."""
    templates = release / TEMPLATES
    names = sorted(p.relative_to(templates) for p in templates.rglob("*.j2") if p.is_file())
    return {name.as_posix(): release / name.with_suffix("") for name in names}


def render_templates(release: Path, names: Mapping[str, Any]) -> dict[Path, str]:
    """The text of every file that is rendered from a template of a release, by its path."""
    texts = {}
    for template, file in files_by_template(release).items():
        if not file.parent.resolve().is_relative_to(release.resolve()):
            raise AgentError(f"template {template} would be written outside the release")
        try:
            texts[file] = render_template(release / TEMPLATES, template, names)
        except AgentError as error:
            raise AgentError(without_secrets(str(error), names)) from None
    return texts


def without_secrets(message: str, names: Mapping[str, Any]) -> str:
    """An error's message, which may quote what a template was given."""
    secrets = names.get("secrets")
    values = {f"secrets.{name}": value for name, value in secrets.values.items()} if secrets else {}
    values["database.password"] = names.get("database", {}).get("password", "")
    for name, value in values.items():
        message = message.replace(value, f"<{name}>") if value else message
    return message


def differing_files(texts: Mapping[Path, str]) -> list[Path]:
    """The files that do not have these texts."""
    return [path for path, text in texts.items() if not has_text(path, text)]


def has_text(path: Path, text: str) -> bool:
    # As bytes: the file may be the upstream's, in any encoding.
    return path.is_file() and not path.is_symlink() and path.read_bytes() == text.encode()


def may_hold_secret(template: str) -> bool:
    """Whether a template names what is secret, or includes others, which might."""
    tree = jinja2.Environment(autoescape=False).parse(template)  # noqa: S701  # never rendered
    names = jinja2.meta.find_undeclared_variables(tree)
    return bool(names & SECRET_NAMES or [*jinja2.meta.find_referenced_templates(tree)])


def write_configuration(release: Path, texts: Mapping[Path, str], group: int | None) -> None:
    """Write rendered files into an instance that is not in use.

    Without a group of the component's own, only the account of this process reads them.
    """
    for path, text in texts.items():
        if path.is_dir():
            raise AgentError(f"a template would replace the folder {path.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text, 0o400)
    if group is not None:
        open_configuration(release, group)


def open_configuration(release: Path, group: int) -> None:
    """Let the component read its rendered files; the edge reads only what can hold no secret."""
    for template, file in files_by_template(release).items():
        if file.is_file():
            text = (release / TEMPLATES / template).read_text("utf-8")
            os.chown(file, -1, group)
            file.chmod(0o440 if may_hold_secret(text) else 0o444)


def link_writable_folders(
    release: Path,
    shared: Path,
    writable: Iterable[str],
    group: int | None = None,
) -> None:
    """Move each writable folder of a new release to the shared folder, and link it from there."""
    for path in writable:
        if path.split("/")[0] in RESERVED:
            raise AgentError(
                f"key 'serve.writable': '{path}' would show visitors Slipway's own files"
            )
        link = release / path
        inside = [p for p in (link, *link.parents) if p.is_relative_to(release) and p != release]
        if link_above := next((p for p in inside if p.is_symlink()), None):
            raise AgentError(
                f"key 'serve.writable': '{path}' lies behind the link {link_above.name}"
            )
        move_to_shared(link, shared / path, group)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(shared / path, link.parent))


def move_to_shared(shipped: Path, destination: Path, group: int | None = None) -> None:
    """Copy the files that an artifact ships in a writable folder, unless the destination exists.

    The shipped folder is removed in either case.
    """
    if not destination.exists():
        draft = destination.with_name(f".tmp-{destination.name}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            if shipped.is_dir():
                shutil.copytree(shipped, draft, symlinks=True)
            else:
                draft.mkdir()
            accounts.open_tree(draft, group)
            draft.rename(destination)
        except OSError as error:
            message = error_message(error)  # what is free, before the copy is removed
            shutil.rmtree(draft, ignore_errors=True)
            raise AgentError(message) from None
    if shipped.is_dir():
        shutil.rmtree(shipped)
