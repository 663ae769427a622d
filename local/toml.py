"""Writes the few TOML files that our programs read; Python itself only reads them."""

import json
from collections.abc import Mapping

Value = str | int | Mapping[str, "Value"]


def table(values: Mapping[str, Value]) -> str:
    """The text of a table: its own keys first, then the tables inside it, one level deep."""
    own = [
        f"{key} = {json.dumps(v, ensure_ascii=False)}\n"
        for key, v in values.items()
        if isinstance(v, str | int)
    ]
    inner = [f"\n[{key}]\n{table(v)}" for key, v in values.items() if isinstance(v, Mapping)]
    return "".join(own + inner)
