"""What the terminal's tests take for the master's answers is what today's master would answer."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.cli.master import ANSWERS
from web.views.board_model import Board
from web.views.deployments import HistoryPage
from web.views.difference import Difference
from web.views.store_report import StoreReport

SHAPES = {
    "board": Board,
    "history": HistoryPage,
    "difference": Difference,
    "store": StoreReport,
}
"""By the first word of a recording's name."""
BUILDBOT_S = {"build", "forbidden", "no", "pressed", "request", "steps"}
"""Those that Buildbot's own API answered."""
RECORDINGS = sorted(path.stem for path in ANSWERS.glob("*.json"))


def kind(recording: str) -> str:
    return recording.partition("-")[0]


def test_every_recording_is_of_a_known_kind_and_every_kind_is_recorded() -> None:
    assert {kind(name) for name in RECORDINGS} == SHAPES.keys() | BUILDBOT_S


@pytest.mark.parametrize("name", [name for name in RECORDINGS if kind(name) in SHAPES])
def test_a_recording_has_the_keys_and_values_of_today_s_models(name: str) -> None:
    text = (ANSWERS / f"{name}.json").read_text("utf-8")
    shape: TypeAdapter[Any] = TypeAdapter(SHAPES[kind(name)])
    read = shape.validate_json(text, strict=True)
    # A key with a default may be absent when a model is read: the master writes every key.
    assert shape.dump_python(read, mode="json") == json.loads(text)
