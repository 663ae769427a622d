"""The page's declarations say what the models say."""

from web.page import declarations


def test_the_declarations_are_those_of_the_models() -> None:
    written = declarations.FILE.read_text("utf-8")
    assert written == declarations.declarations(), "run: make declarations"


def test_every_field_is_in_the_answer_whether_it_has_a_default_or_not() -> None:
    material = declarations.answers_schema()["$defs"]["Material"]
    assert set(material["required"]) == set(material["properties"])
