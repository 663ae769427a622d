"""Writes `answers.d.ts`: what the master answers the page, as TypeScript, from the models.

    python -m web.page.declarations

A test runs the same and compares; `make declarations` writes the file again.
"""

import inspect
import json
import subprocess
from pathlib import Path
from typing import Any

from pydantic import Field, create_model
from pydantic.json_schema import GenerateJsonSchema

from web.endpoints import ReleasesPage

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FILE = Path(__file__).with_name("answers.d.ts")
BANNER = "// Written by `make declarations` from the models in Python; do not edit."
COMMAND = (
    f"{CHECKOUT}/node_modules/.bin/json2ts",
    *("--no-additionalProperties", "--style.printWidth", "100", "--bannerComment", BANNER),
)
"""https://github.com/bcherny/json-schema-to-typescript"""


class AnswerSchema(GenerateJsonSchema):
    """Fields without titles, of which the tool would make types; every field is in the answer."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # as pydantic has it
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002  # as pydantic
        return True


def answers_schema() -> dict[str, Any]:
    """One object with an answer under the name by which the page asks for it."""
    fields: dict[str, Any] = {
        name.partition(".")[0]: (
            inspect.signature(method, eval_str=True).return_annotation,
            Field(alias=name),
        )
        for name, method in ReleasesPage.__new__(ReleasesPage).answers().items()
    }
    model = create_model("Answers", __doc__="What the master answers, by name.", **fields)
    schema: dict[str, Any] = model.model_json_schema(
        mode="serialization", schema_generator=AnswerSchema
    )
    return schema


def declarations() -> str:
    schema = json.dumps(answers_schema())
    return subprocess.run(COMMAND, input=schema, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    FILE.write_text(declarations(), "utf-8")
