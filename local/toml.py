"""Writes the few TOML files that our programs read; Python itself only reads them."""

import json
from collections.abc import Mapping

Value = str | int | Mapping[str, "Value"]


def table(values: Mapping[str, Value], within: str = "") -> str:
    """The text of a table: its own keys first, then the tables inside it."""
    own = [
        f"{key} = {json.dumps(v, ensure_ascii=False)}\n"
        for key, v in values.items()
        if isinstance(v, str | int)
    ]
    inner = [
        f"\n[{within}{key}]\n{table(v, f'{within}{key}.')}"
        for key, v in values.items()
        if isinstance(v, Mapping)
    ]
    return "".join(own + inner)
