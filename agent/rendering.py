"""Render templates: an undefined name is an error, and values are inserted without escaping."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from agent.errors import AgentError
from model.encoding import wrong_byte, wrong_line

SERVICE_TEMPLATES = Path(__file__).parent / "templates"
"""The templates for the configuration of Caddy, php-fpm and MariaDB."""


def render_template(folder: Path, template: str, context: Mapping[str, Any]) -> str:
    """The text of a template in the folder.

    Raises AgentError naming the template, its line and the error, whatever the error is: a template
    may do anything that Python's values can do. The traceback is printed then.
    """
    jinja = SandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # these files are no HTML
        keep_trailing_newline=True,
        trim_blocks=folder == SERVICE_TEMPLATES,
        lstrip_blocks=folder == SERVICE_TEMPLATES,
    )
    try:
        text = jinja.get_template(template).render(context)
        text.encode()
    except AgentError:
        raise
    except Exception as error:
        if not isinstance(error, TemplateError):
            traceback.print_tb(error.__traceback__)  # without the message: it may quote a secret
        raise AgentError(f"template {template}{place(error, folder)}: {reason(error)}") from None
    return text


def place(error: Exception, folder: Path) -> str:
    """Where in the templates an error happened: `, line 3`; empty when that is not known."""
    if isinstance(error, TemplateSyntaxError):
        return f", line {error.lineno}"
    if isinstance(error, UnicodeDecodeError):
        return f", line {wrong_line(error)}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return f", line {lines[-1]}" if lines else ""


def reason(error: Exception) -> str:
    """What is wrong, in a sentence."""
    if isinstance(error, TemplateError):
        return str(error.message)
    if isinstance(error, UnicodeDecodeError):
        return f"{wrong_byte(error)}, which a template must be"
    if isinstance(error, UnicodeEncodeError):
        return f"U+{ord(error.object[error.start]):04X} cannot be written as UTF-8"
    return f"{type(error).__name__}: {error}"
