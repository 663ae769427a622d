"""`make check`: linters, types and fast tests in under a minute, two tools at a time."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FAST = "not whole and not real and not cloud"
NODE = Path("node_modules/.bin")
JAVASCRIPT = (
    "eslint.config.js",
    "web/page/source",
    "web/page/static/styles.css",
    "tests/web/page",
)
SHELL = ("#!/bin/sh", "#!/usr/bin/env bash", "#!/bin/bash")
FOLDERS_LEFT_OUT = {"var", ".git"}


def commands() -> dict[str, tuple[str, ...]]:
    """Every tool with its command, the slowest first."""
    python = (sys.executable, "-m")
    cache = ("--cache", "--cache-location")
    return {
        "types": (*python, "mypy", "--exclude", "^(var|sites)/", "."),
        "fast tests": (*python, "pytest", "-q", "-n", "2", "-m", FAST),
        "format": (*python, "ruff", "format", "--check", "."),
        "lint": (*python, "ruff", "check", "."),
        "page format": (
            f"{NODE}/prettier",
            *("--check", *cache, "var/cache/prettier", *JAVASCRIPT),
        ),
        "page lint": (
            f"{NODE}/eslint",
            *cache,
            "var/cache/eslint",
            *(p for p in JAVASCRIPT if "css" not in p),
        ),
        "page types": (f"{NODE}/tsc", "--project", "."),
        "shell": ("shellcheck", *map(str, shell_files(Path()))),
    }


def shell_files(top: Path) -> list[Path]:
    """The files of the checkout that a shell runs, by their first line."""
    files = [path for path in sorted(top.rglob("*")) if path.is_file()]
    return [path for path in files if not FOLDERS_LEFT_OUT & set(path.parts) and is_shell(path)]


def is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().decode("utf-8", "replace").strip() in SHELL


def run_tool(name: str, command: tuple[str, ...]) -> bool:
    """Run one tool; print its output only if it fails."""
    began = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    mark = "✗" if result.returncode else "✓"
    output = result.stdout + result.stderr if result.returncode else ""
    print(f"{mark} {name}  {time.monotonic() - began:.1f} s\n{output}", end="", flush=True)
    return result.returncode == 0


def main() -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run_tool, *zip(*commands().items(), strict=True)))
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
