"""Writes what the master answers as types for its two readers, from the models.

    python -m web.page.declarations

`answers.d.ts` is for the page, `cli/answers.py` for the terminal, which has none of the models. A
test runs the same and compares; `make declarations` writes the files again.
"""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pydantic import Field, create_model
from pydantic.json_schema import GenerateJsonSchema

from web.endpoints import ReleasesPage

CHECKOUT = Path(__file__).resolve().parent.parent.parent
BANNER = "Written by `make declarations` from the models; do not edit."
TYPESCRIPT = (
    f"{CHECKOUT}/node_modules/.bin/json2ts",
    *("--no-additionalProperties", "--style.printWidth", "100", "--bannerComment", f"// {BANNER}"),
)
"""https://github.com/bcherny/json-schema-to-typescript"""
PYTHON = (
    *(sys.executable, "-m", "datamodel_code_generator", "--input-file-type", "jsonschema"),
    *("--output-model-type", "typing.TypedDict", "--no-use-closed-typed-dict"),
    *("--target-python-version", "3.11", "--use-union-operator", "--use-schema-description"),
    *("--use-field-description", "--class-name", "Answers", "--formatters", "ruff-format"),
    *("--disable-timestamp", "--disable-warnings", "--custom-file-header", f'"""{BANNER}"""'),
)
"""https://github.com/koxudaxi/datamodel-code-generator"""
COMMANDS = {"web/page/answers.d.ts": TYPESCRIPT, "cli/answers.py": PYTHON}
"""What writes each file, by its path in the checkout."""


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
            inspect.signature(endpoint.compute, eval_str=True).return_annotation,
            Field(alias=name),
        )
        for name, endpoint in ReleasesPage.__new__(ReleasesPage).endpoints().items()
    }
    model = create_model("Answers", __doc__="What the master answers, by name.", **fields)
    schema: dict[str, Any] = model.model_json_schema(
        mode="serialization", schema_generator=AnswerSchema
    )
    return schema


def declarations(file: str) -> str:
    """The text of one of the files in COMMANDS."""
    schema = json.dumps(answers_schema())
    command = COMMANDS[file]
    return subprocess.run(command, input=schema, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    for file in COMMANDS:
        (CHECKOUT / file).write_text(declarations(file), "utf-8")
