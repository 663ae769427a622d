"""Whatever goes wrong in a template is a sentence that names the template and its line."""

import random
from pathlib import Path

import pytest

from agent.configuration import Secrets, differing_files, render_templates
from agent.errors import AgentError
from agent.rendering import render_template

FAILING = [
    ("{{ 'x' + 1 }}", 'TypeError: can only concatenate str (not "int") to str'),
    ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
    ("{{ 2.0 ** 9999 }}", "OverflowError"),
    ("{% for n in range(10 ** 9) %}{% endfor %}", "OverflowError: Range too big"),
    ("{{ 'x'.encode().decode('utf-16') }}", "byte 0x78 is not UTF-8"),
    ("{{ '\\ud800' }}", "U+D800 cannot be written as UTF-8"),
    ("{{ ().__class__ }}", "access to attribute '__class__' of 'tuple' object is unsafe"),
    ("{{ colour }}", "'colour' is undefined"),
    ("{% if %}", "Expected an expression"),
    ("{{ [1][9] }}", "list object has no element 9"),
    ("{% include 'none.j2' %}", "none.j2"),
    ("{{ '%d' % 'x' }}", "TypeError: %d format: a real number is required"),
]


@pytest.mark.parametrize(("template", "expected"), FAILING)
def test_an_error_names_the_template_its_line_and_what_is_wrong(
    template: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "config.php.j2").write_text(f"<?php\n\n{template}\n")
    with pytest.raises(AgentError) as error:
        render_template(tmp_path, "config.php.j2", {})
    assert str(error.value).startswith("template config.php.j2")
    assert expected in str(error.value)
    if "D800" not in expected and "utf-16" not in template:  # found in the text, not in a line
        assert "template config.php.j2, line 3: " in str(error.value)


def test_a_template_in_another_encoding_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.php.j2").write_bytes(b"<?php\n// gr\xfc\xdfe\n")
    with pytest.raises(AgentError) as error:
        render_template(tmp_path, "config.php.j2", {})
    assert str(error.value) == (
        "template config.php.j2, line 2: byte 0xfc is not UTF-8, which a template must be"
    )


def test_an_error_quotes_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / ".slipway" / "templates"
    folder.mkdir(parents=True)
    (folder / "a.j2").write_text("{{ secrets.salt + 1 }}{{ {}[secrets.salt] }}")
    names = {"secrets": Secrets({"salt": "pepper"}, "blog"), "database": {"password": "pass"}}
    for template in ("{{ {}[secrets.salt].x }}", "{{ {}[database.password].x }}"):
        (folder / "a.j2").write_text(template)
        with pytest.raises(AgentError) as error:
            render_templates(tmp_path, names)
        assert "pepper" not in str(error.value)
        assert "'pass'" not in str(error.value)


def test_any_bytes_as_a_template_are_rendered_or_refused_in_a_sentence(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311  # the same templates each time
    words = "{{ }} {% %} {# 1 / 0 'x' + | int for ( ) [ ] ~ '\\ud800' grüße"
    pieces = [*(word.encode() for word in words.split(" ")), b" ", b"\n", b"\xfc"]
    for _ in range(2000):
        content = b"".join(chance.choices(pieces, k=chance.randint(1, 12)))
        (tmp_path / "a.j2").write_bytes(content)
        try:
            assert isinstance(render_template(tmp_path, "a.j2", {}), str)
        except AgentError as error:
            assert str(error).startswith("template a.j2")


def test_a_file_in_another_encoding_differs_from_the_text_that_replaces_it(tmp_path: Path) -> None:
    for content in (b"gr\xfc\xdfe\n", "grüße\r\n".encode(), b"\xff\xfeg\0"):
        (tmp_path / "config.php").write_bytes(content)
        texts = {tmp_path / "config.php": "grüße\n"}
        assert differing_files(texts) == [tmp_path / "config.php"]
    (tmp_path / "config.php").write_bytes("grüße\n".encode())
    assert differing_files(texts) == []
