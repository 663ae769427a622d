"""Render templates: an undefined name is an error, and values are inserted without escaping."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from agent.errors import AgentError

SERVICE_TEMPLATES = Path(__file__).parent / "templates"
"""The templates for the configuration of Caddy, php-fpm and MariaDB."""


def render_template(folder: Path, template: str, context: Mapping[str, Any]) -> str:
    """The text of a template in the folder; raises AgentError naming the template and the error."""
    jinja = SandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # these files are no HTML
        keep_trailing_newline=True,
        trim_blocks=folder == SERVICE_TEMPLATES,
        lstrip_blocks=folder == SERVICE_TEMPLATES,
    )
    try:
        return jinja.get_template(template).render(context)
    except TemplateError as error:
        raise AgentError(f"template {template}: {error.message}") from None
