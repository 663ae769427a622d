"""What the scan for secrets takes for a password, and what detect-secrets makes of the settings."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

from model.waiver import SecretKind, Waiver
from steps import password_filter
from steps.password_filter import looks_like_password
from steps.secret_scan import COMMAND, FILTER_FILE, GUESSES

PASSWORDS = ["hunter2", "correct-horse-9", "Tr0ub4dor&3", "x" * 30 + "=", "anon@ftp.example"]
NO_PASSWORDS = [
    "The password is too short 1",
    "密码不能超过1个字符",
    "user_pass",
    "PasswordPolicy::check",
    "application-passwords",
    "N/A",
    "$wgDBpassword2",
    "{{ secrets['salt1'] }}",
    "https://accounts.example/reset?1",
    "/srv/passwords/1",
    "<?php echo 1 ?>",
]


@pytest.mark.parametrize("value", PASSWORDS)
def test_a_value_that_could_be_a_password_is_reported(value: str) -> None:
    assert looks_like_password(value)


@pytest.mark.parametrize("value", NO_PASSWORDS)
def test_prose_names_and_references_are_not_reported(value: str) -> None:
    assert not looks_like_password(value)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("a.php", "$wgDBpassword = 'hunter2x';"),
        ("b.php", "$password = 'hunter2x'; // pragma: allowlist secret"),
        ("a.js", 'const api_key = "k3y-of-a-service";'),
        ("a.yml", "db_password: hunter2x"),
        ("a.ini", "secret = hunter2x"),
        (".env", "DB_PASSWORD=hunter2x"),
        ("a.txt", "https://ana:hunter2x@example.org/"),
        ("a.pem", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ],
)
def test_a_line_with_a_secret_is_found_as_the_build_looks_for_it(
    tmp_path: Path, file: str, line: str
) -> None:
    assert scan(tmp_path, file, f"\n{line}\n") == [2]


def test_a_translation_about_passwords_is_no_secret(tmp_path: Path) -> None:
    line = '"passwordtooshort": "Passwords need {{PLURAL:$1|1 character|$1 characters}}.",'
    assert scan(tmp_path, "en.json", line) == []


def scan(folder: Path, name: str, text: str) -> list[int]:
    """The numbers of the lines that detect-secrets reports, with the settings of the build."""
    (folder / "added").mkdir()
    (folder / "added" / name).write_text(text)
    (folder / FILTER_FILE).write_bytes(Path(password_filter.__file__).read_bytes())
    program = Path(sys.executable).parent / COMMAND[0]
    done = subprocess.run(
        (program, *COMMAND[1:]), cwd=folder, check=True, capture_output=True, text=True
    )
    results = json.loads(done.stdout)["results"]
    return [secret["line_number"] for secrets in results.values() for secret in secrets]


def test_a_waiver_can_name_each_kind_that_is_found_and_no_other() -> None:
    kinds: dict[str, type] = get_mapping_from_secret_type_to_class()
    found = {kind for kind, plugin in kinds.items() if plugin.__name__ not in GUESSES}
    assert {*get_args(SecretKind)} == found


def test_a_waiver_accepts_one_kind_in_some_files() -> None:
    waiver = Waiver(file="tests/*.pem", finding="Private Key", reason="made for the tests")
    assert waiver.accepts("tests/keys/a.pem", 1, "Private Key")
    assert not waiver.accepts("tests/keys/a.pem", 1, "Secret Keyword")
    assert not waiver.accepts("a.pem", 1, "Private Key")


def test_a_waiver_of_one_line_accepts_no_other_finding_in_the_file() -> None:
    waiver = Waiver(file="a.php", line=7, finding="Secret Keyword", reason="an example")
    assert waiver.accepts("a.php", 7, "Secret Keyword")
    assert not waiver.accepts("a.php", 8, "Secret Keyword")
    assert str(waiver) == "Secret Keyword in a.php, line 7"
