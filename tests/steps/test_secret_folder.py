"""A rotated secret reaches the next deployment without a restart of the master."""

from pathlib import Path

import pytest
from buildbot.config.errors import ConfigErrors

from steps.secret_folder import SecretFolder


@pytest.fixture
def provider(tmp_path: Path) -> SecretFolder:
    write(tmp_path / "salt", "pepper\n")
    folder = SecretFolder(tmp_path)
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


def test_a_secret_that_others_may_read_is_refused(provider: SecretFolder, tmp_path: Path) -> None:
    write(tmp_path / "salt", "pepper", 0o644)
    with pytest.raises(ConfigErrors, match="salt are too open"):
        provider.get("salt")
