"""Whatever a script has to tell arrives as it is, or not at all."""

import subprocess
from base64 import b64encode
from itertools import pairwise

import pytest
from buildbot_worker.util.lineboundaries import LineBoundaryFinder
from hypothesis import given
from hypothesis import strategies as st

from steps.git import script_text
from steps.records import batched, fields

LINE_LENGTH = 4096
NEWLINES = r"(\r\n|\r(?=.)|\033\[u|\033\[[0-9]+;[0-9]+[Hf]|\033\[2J|\x08+)"
"""Both as `buildbot_worker.base.BotBase` has them."""

anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9000)
odd = st.sampled_from(
    ["\r", "\r\n", "\x1b[2J", "\x08", "\t", "\n", "\u2028", "\f", " ", "ü", "x" * 5000]
)
field_lists = st.lists(st.one_of(anything, st.lists(odd).map("".join)), max_size=8)


def through_worker(output: str, cuts: list[int]) -> str:
    """What the master gets of some output that arrives in pieces."""
    finder = LineBoundaryFinder(LINE_LENGTH, NEWLINES)
    places = sorted({0, len(output), *(cut % (len(output) + 1) for cut in cuts)})
    pieces = [finder.append(output[start:end], 0.0) for start, end in pairwise(places)]
    return "".join(piece[0] for piece in [*pieces, finder.flush()] if piece)


def printed(*texts: str) -> str:
    """As `base64` prints it."""
    encoded = b64encode("".join(f"{text}\0" for text in texts).encode()).decode()
    return "".join(f"{encoded[start : start + 76]}\n" for start in range(0, len(encoded), 76))


@given(field_lists, st.lists(st.integers(min_value=0), max_size=5))
def test_any_fields_pass_a_worker(texts: list[str], cuts: list[int]) -> None:
    assert fields(through_worker(printed(*texts), cuts)) == texts


@given(field_lists.filter(bool), st.integers(min_value=1))
def test_an_answer_that_was_cut_is_never_taken_for_a_whole_one(texts: list[str], cut: int) -> None:
    output = printed(*texts).replace("\n", "")
    part = output[: -(cut % len(output) or 1)]
    try:
        shorter = fields(part)
    except ValueError:
        return
    # What is left ends where a field ends, so that the number of fields tells.
    assert shorter == texts[: len(shorter)]
    assert len(shorter) < len(texts)


def test_what_a_command_prints_is_captured_byte_by_byte() -> None:
    odd = r"a\rb\r\n\033[2J\bc\0d\377" + "x" * 5000
    command = ["bash", "-c", script_text("capture"), "capture", "printf", odd]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "\0".join(fields(output)) == "a\rb\r\n\x1b[2J\bc\0d�" + "x" * 5000


def test_the_exit_code_of_a_captured_command_is_its_own() -> None:
    command = ["bash", "-c", script_text("capture"), "capture", "sh", "-c", "echo x; exit 3"]
    assert subprocess.run(command, capture_output=True).returncode == 3


def test_fields_that_are_no_groups_are_refused() -> None:
    assert [*batched(["a", "b", "c", "d"], 2)] == [["a", "b"], ["c", "d"]]
    with pytest.raises(ValueError, match="3 fields are no groups of 2"):
        batched(["a", "b", "c"], 2)
