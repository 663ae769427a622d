"""The types of the page and of the terminal say what the models say."""

import pytest

from web.page import declarations


@pytest.mark.parametrize("file", declarations.COMMANDS)
def test_the_declarations_are_those_of_the_models(file: str) -> None:
    written = (declarations.CHECKOUT / file).read_text("utf-8")
    assert written == declarations.declarations(file), "run: make declarations"


def test_every_field_is_in_the_answer_whether_it_has_a_default_or_not() -> None:
    material = declarations.answers_schema()["$defs"]["Material"]
    assert set(material["required"]) == set(material["properties"])
