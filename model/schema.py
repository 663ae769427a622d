"""The JSON Schemas by which editors check a site's files: `python -m model.schema`."""

import json
from pathlib import Path

from pydantic import BaseModel

from model.component import Component
from model.environment import Environment
from model.mirrors import Mirrors
from model.site import SiteFile

FOLDER = Path(__file__).with_name("schema")
KINDS: dict[str, type[BaseModel]] = {
    "site": SiteFile,
    "component": Component,
    "environment": Environment,
    "mirrors": Mirrors,
}


def schemas() -> dict[Path, str]:
    """The text of each schema's file."""
    return {
        FOLDER / f"{name}.json": json.dumps(kind.model_json_schema(), indent=2) + "\n"
        for name, kind in KINDS.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in schemas().items():
        path.write_text(text)
