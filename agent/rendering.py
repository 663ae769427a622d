"""How templates become files: every value must be there, and text stays as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from agent.failure import Failure

OWN = Path(__file__).parent / "templates"
"""The templates of the services' own configuration."""


def rendered(folder: Path, template: str, context: Mapping[str, Any]) -> str:
    """A template of the folder, filled in; raises Failure naming the template and what it lacks."""
    jinja = SandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # these files are no HTML
        keep_trailing_newline=True,
        trim_blocks=folder == OWN,
        lstrip_blocks=folder == OWN,
    )
    try:
        return jinja.get_template(template).render(context)
    except TemplateError as mistake:
        raise Failure(f"template {template}: {mistake.message}") from None
