"""What turns a release into this environment's: rendered templates and links to shared folders."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import accounts, instances
from agent.component_directory import BACKUPS, ComponentDirectory, write
from agent.database import LOGIN, Login
from agent.failure import Failure
from agent.rendering import rendered
from model.release import FOLDER, Digest, EnvironmentContext, Manifest

TEMPLATES = Path(FOLDER) / "templates"

OWN = (BACKUPS, LOGIN)
"""What lies in the shared folder beside the component's writable folders."""


@dataclass(frozen=True)
class Secrets:
    """The declared secrets of a component: `secrets.salt` or `secrets['auth-key']`."""

    values: Mapping[str, str]
    owner: str

    def __getitem__(self, name: str) -> str:
        if name not in self.values:
            raise Failure(f"a template uses secret '{name}', which {self.owner} does not declare")
        return self.values[name]


def secrets(manifest: Manifest, context: EnvironmentContext) -> Secrets:
    """Raises Failure when the environment does not give all that the component declares."""
    if missing := [name for name in manifest.secrets if name not in context.secrets]:
        raise Failure(
            f"secret '{missing[0]}' of component {manifest.component} "
            f"is missing in environment {context.environment}"
        )
    given = {name: context.secrets[name] for name in manifest.secrets}
    return Secrets(given, f"component {manifest.component} in environment {context.environment}")


def template_context(
    directory: ComponentDirectory,
    digest: Digest,
    manifest: Manifest,
    context: EnvironmentContext,
    given: Secrets,
    login: Login | None,
) -> dict[str, Any]:
    """The names that templates may use."""
    names = {
        "environment": {"name": context.environment, "indexed": context.indexed},
        "host": context.host,
        "url": context.url,
        "component": directory.component,
        "digest": digest,
        "release": str(directory.release(digest)),
        "shared": str(directory.shared),
        "secrets": given,
    }
    if login:
        names["database"] = login.model_dump(mode="json")
    if manifest.services:
        names["services"] = services(directory, digest, manifest, context)
    return names


def services(
    directory: ComponentDirectory, digest: Digest, manifest: Manifest, context: EnvironmentContext
) -> dict[str, dict[str, str]]:
    """Where each service of the release is reached: `services.web.socket`, `services.web.url`."""
    where = {}
    for name in (service.name for service in manifest.services):
        public = {"url": context.locations[name]} if name in context.locations else {}
        socket = instances.socket(directory.server, directory.component, digest, name)
        where[name] = {"socket": str(socket), **public}
    return where


def rendered_files(release: Path) -> dict[str, Path]:
    """The templates of a release, each with the file that it becomes."""
    templates = release / TEMPLATES
    names = sorted(p.relative_to(templates) for p in templates.rglob("*.j2") if p.is_file())
    return {name.as_posix(): release / name.with_suffix("") for name in names}


def render(release: Path, names: Mapping[str, Any], owner: int | None) -> tuple[int, int]:
    """Render the templates of a release; how many there are, and how many files changed."""
    files = rendered_files(release)
    changed = 0
    for template, file in files.items():
        if not file.parent.resolve().is_relative_to(release.resolve()):
            raise Failure(f"template {template} would be written outside the release")
        text = rendered(release / TEMPLATES, template, names)
        changed += replace(file, text, owner)
    return len(files), changed


def replace(path: Path, text: str, owner: int | None) -> bool:
    """Write a file into a folder that may be sealed; whether that changed anything."""
    if path.is_file() and not path.is_symlink() and path.read_text("utf-8") == text:
        return False
    if path.is_dir():
        raise Failure(f"a template would replace the folder {path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.parent.stat().st_mode
    path.parent.chmod(mode | 0o200)
    private = 0o600 if mode & 0o200 and owner is None else 0o400
    write(path, text, private, -1 if owner is None else owner)
    path.parent.chmod(mode)
    return True


def share(
    release: Path,
    shared: Path,
    writable: Iterable[str],
    owner: int | None = None,
    group: int | None = None,
) -> None:
    """Put each writable folder of a new release outside it, where it outlives the release."""
    for path in writable:
        if path.split("/")[0] in OWN:
            raise Failure(f"key 'serve.writable': '{path}' would show visitors Slipway's own files")
        link = release / path
        if crossed := next((p for p in (link, *link.parents) if p.is_symlink()), None):
            raise Failure(f"key 'serve.writable': '{path}' lies behind the link {crossed.name}")
        keep(link, shared / path, owner, group)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(shared / path, link.parent))


def keep(shipped: Path, kept: Path, owner: int | None = None, group: int | None = None) -> None:
    """Move what an artifact ships in a writable folder to where it stays, the first time only."""
    if not kept.exists():
        draft = kept.with_name(f".tmp-{kept.name}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        if shipped.is_dir():
            shutil.copytree(shipped, draft, symlinks=True)
        else:
            draft.mkdir()
        accounts.give(draft, owner, group)
        draft.rename(kept)
    if shipped.is_dir():
        shutil.rmtree(shipped)
