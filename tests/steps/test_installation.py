"""Dependencies come from lock files only, into the tree, with every hash verified."""

import pytest

from steps.installation import dependencies, installation

COMMANDS = {
    "package-lock.json": ("npm", "ci --omit=dev --ignore-scripts", ""),
    "server/npm-shrinkwrap.json": ("npm", "ci --omit=dev --ignore-scripts", "server"),
    "composer.lock": ("composer", "install --no-dev", ""),
    "a/b/requirements.lock": ("/usr/bin/python3", "--require-hashes", "a/b"),
    "requirements-web.txt": ("/usr/bin/python3", "--target=packages", ""),
}


@pytest.mark.parametrize("lock", COMMANDS)
def test_a_lock_file_is_installed_beside_itself(lock: str) -> None:
    program, part, folder = COMMANDS[lock]
    command, where = installation(lock)
    assert command[0] == program
    assert part in " ".join(command)
    assert where == folder


FOLDERS = {
    "package-lock.json": "node_modules",
    "a/b/requirements.lock": "a/b/packages",
    "lib/composer.lock": "lib/vendor",
}


@pytest.mark.parametrize("lock", FOLDERS)
def test_what_a_lock_file_brings_lies_in_one_folder(lock: str) -> None:
    assert dependencies(lock) == FOLDERS[lock]
