"""Dependencies come from lock files only, into the tree, with every hash verified."""

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from steps.dependencies import install_command, install_path, verify_command

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
    command, where = install_command(lock)
    assert command[0] == program
    assert part in " ".join(command)
    assert where == folder


FOLDERS = {
    "package-lock.json": "node_modules",
    "a/b/requirements.lock": "a/b/packages",
    "lib/composer.lock": "lib/vendor",
}


@pytest.mark.parametrize("lock", FOLDERS)
def test_the_dependencies_of_a_lock_file_are_in_one_folder(lock: str) -> None:
    assert install_path(lock) == FOLDERS[lock]


def run(command: tuple[str, ...], folder: Path, **variables: str) -> CompletedProcess[str]:
    """A command as the worker runs it, with no registry to be reached."""
    home = {"HOME": str(folder), "npm_config_cache": str(folder / "cache"), **variables}
    return subprocess.run(
        command, cwd=folder, env=os.environ | home, capture_output=True, text=True, check=False
    )


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def npm(folder: Path, package: bytes, integrity: str | None) -> None:
    """A component that needs one package, which lies beside it."""
    (folder / "thing.tgz").write_bytes(package)
    needs = {"dependencies": {"thing": "file:thing.tgz"}}
    entry = {"version": "1.0.0", "resolved": "file:thing.tgz"}
    entry |= {"integrity": integrity} if integrity else {}
    lock = {
        "name": "own",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "own", "version": "1.0.0", **needs}, "node_modules/thing": entry},
    }
    own = {"name": "own", "version": "1.0.0", **needs}
    (folder / "package.json").write_text(json.dumps(own))
    (folder / "package-lock.json").write_text(json.dumps(lock))


def npm_package(text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in (
            ("package.json", '{"name": "thing", "version": "1.0.0"}'),
            ("index.js", text),
        ):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def integrity(package: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()


NPM = "package-lock.json"


@pytest.mark.parametrize("tampered", [False, True])
def test_an_npm_package_with_another_hash_is_refused(tmp_path: Path, tampered: bool) -> None:
    package = npm_package("exports.good = true;")
    brought = npm_package("exports.good = false;") if tampered else package
    npm(tmp_path, brought, integrity(package))
    command, _ = install_command(NPM)
    result = run(command, tmp_path, npm_config_offline="true")
    assert (tmp_path / "node_modules/thing/index.js").is_file() is not tampered, result.stderr
    assert ("EINTEGRITY" in result.stderr) is tampered


def test_an_npm_package_without_a_hash_is_refused_by_name(tmp_path: Path) -> None:
    package = npm_package("")
    verify = verify_command(NPM)
    assert verify
    npm(tmp_path, package, integrity(package))
    assert run(verify[0], tmp_path).returncode == 0
    npm(tmp_path, package, None)
    result = run(verify[0], tmp_path)
    message = "package-lock.json: node_modules/thing has no 'integrity' to verify it by"
    assert (result.returncode, result.stderr.strip()) == (1, message)


@pytest.mark.parametrize("tampered", [False, True])
def test_a_python_package_with_another_hash_is_refused(tmp_path: Path, tampered: bool) -> None:
    about = "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"
    wheel = zipped(
        {
            "thing.py": "good = True\n",
            "thing-1.0.dist-info/METADATA": about,
            "thing-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            "thing-1.0.dist-info/RECORD": "",
        }
    )
    (tmp_path / "thing-1.0-py3-none-any.whl").write_bytes(wheel)
    digest = hashlib.sha256(wheel + (b"!" if tampered else b"")).hexdigest()
    (tmp_path / "requirements.lock").write_text(f"thing==1.0 --hash=sha256:{digest}\n")
    command, _ = install_command("requirements.lock")
    result = run(command, tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert (tmp_path / "packages/thing.py").is_file() is not tampered, result.stderr
    assert ("DO NOT MATCH THE HASHES" in result.stderr) is tampered


@pytest.mark.parametrize("tampered", [False, True])
def test_a_php_package_with_another_hash_is_refused(tmp_path: Path, tampered: bool) -> None:
    own = {"name": "ours/thing", "version": "1.0.0"}
    archive = zipped({"composer.json": json.dumps(own), "thing.php": "<?php\n"})
    (tmp_path / "thing.zip").write_bytes(archive)
    digest = hashlib.sha1(archive + (b"!" if tampered else b"")).hexdigest()  # noqa: S324
    dist = {"type": "zip", "url": str(tmp_path / "thing.zip"), "shasum": digest}
    needs = {"require": {"ours/thing": "1.0.0"}, "repositories": [{"packagist.org": False}]}
    lock = {
        "content-hash": "",
        "packages": [{**own, "dist": dist, "type": "library"}],
        "packages-dev": [],
        "platform": {},
        "platform-dev": {},
    }
    (tmp_path / "composer.json").write_text(json.dumps(needs))
    (tmp_path / "composer.lock").write_text(json.dumps(lock))
    command, _ = install_command("composer.lock")
    result = run(command, tmp_path, COMPOSER_DISABLE_NETWORK="1")
    assert (tmp_path / "vendor/ours/thing/thing.php").is_file() is not tampered, result.stderr
    assert ("checksum verification of the file failed" in result.stderr) is tampered
