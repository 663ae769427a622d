"""A secret is read when it is used, and nothing else in its folder is looked at."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.secret_file import UnusableSecret, read_secret
from steps.secret_folder import SecretFolder


@pytest.fixture
def provider(tmp_path: Path) -> SecretFolder:
    write(tmp_path / "salt", "pepper\n")
    folder = SecretFolder(str(tmp_path))
    folder.reconfigService(str(tmp_path))
    return folder


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_a_rotated_secret_is_read_at_once(provider: SecretFolder, tmp_path: Path) -> None:
    assert provider.get("salt") == "pepper"
    write(tmp_path / "salt", "cinnamon\n")
    assert provider.get("salt") == "cinnamon"


def test_a_new_secret_is_found_and_a_removed_one_is_not(
    provider: SecretFolder, tmp_path: Path
) -> None:
    assert provider.get("sugar") is None
    write(tmp_path / "sugar", "white")
    assert provider.get("sugar") == "white"
    (tmp_path / "sugar").unlink()
    assert provider.get("sugar") is None


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "readable for others": (lambda path: write(path, "pepper", 0o644), "others may read it"),
    "a folder": (lambda path: path.mkdir(), "is no file, so it holds no secret"),
    "in Latin-1": (
        lambda path: os.write(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), b"a\ngr\xfc\xdfe"),
        "line 2 is not UTF-8, which a secret must be",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_secret_that_cannot_be_used_is_named_with_its_file(
    case: str, provider: SecretFolder, tmp_path: Path
) -> None:
    make, words = UNUSABLE[case]
    make(tmp_path / "sugar")
    with pytest.raises(UnusableSecret) as error:
        provider.get("sugar")
    assert str(error.value).startswith(f"{tmp_path / 'sugar'}: {words}")
    assert provider.get("salt") == "pepper"


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_master_starts_whatever_else_is_in_the_folder(case: str, tmp_path: Path) -> None:
    write(tmp_path / "salt", "pepper")
    make, _ = UNUSABLE[case]
    make(tmp_path / ".salt.swp")
    folder = SecretFolder(str(tmp_path))
    folder.reconfigService(str(tmp_path))
    assert folder.get("salt") == "pepper"


def test_a_secret_is_never_read_from_another_folder(provider: SecretFolder, tmp_path: Path) -> None:
    write(tmp_path.parent / "outside", "x")
    assert provider.get("../outside") is None


@given(st.binary(max_size=40), st.integers(0, 0o777))
def test_any_file_is_a_secret_or_is_refused_by_its_name(content: bytes, mode: int) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "salt"
        file.write_bytes(content)
        file.chmod(mode)
        try:
            text = read_secret(file)
        except UnusableSecret as error:
            assert str(error).startswith(f"{file}: ")  # most secrets are readable
        else:
            assert text is not None
            assert text.encode() == content.rstrip(b"\r\n")
            assert not mode & 0o007
