"""What tests share: the demo site's configuration, loaded as Buildbot loads it."""

from pathlib import Path

import buildbot.util.ssl  # noqa: F401  # it warns once, and buildbot.test makes warnings errors
import pytest
from buildbot.config.master import FileLoader, MasterConfig
from buildbot.test.util.integration import RunMasterBase
from hypothesis import settings

from model.site import Site, read_site
from releases.provenance import generate_key

# The same inputs in every run, and no files beside the tests.
settings.register_profile("slipway", database=None, deadline=None, derandomize=True)
settings.load_profile("slipway")


ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "sites" / "demo"


def installation(folder: Path, site: Path = DEMO) -> Path:
    """Make a master's own folder, complete but for a database."""
    for name in ("secrets", "store"):
        (folder / name).mkdir()
    key = folder / "secrets" / "signing-key"
    key.touch(0o600)
    key.write_text(generate_key()[0])
    (folder / "installation.toml").write_text(
        f"""
        site = "{site}"
        url = "http://localhost:8010/"
        http_port = 8010
        worker_port = 8011
        store = "{folder / "store"}"
        secrets = "{folder / "secrets"}"
        """
    )
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make check` leaves out what takes a second or more each."""
    for item in items:
        serves = {"php_server", "process_server"} & set(getattr(item, "fixturenames", ()))
        kind = getattr(item, "cls", None)
        if serves or (kind and issubclass(kind, RunMasterBase)):
            item.add_marker(pytest.mark.real)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buildbot's test masters live in the current folder: let that not be the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> MasterConfig:
    folder = installation(tmp_path_factory.mktemp("master"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return FileLoader(str(ROOT), "master.cfg").loadConfig()


@pytest.fixture(scope="session")
def demo() -> Site:
    return read_site(DEMO)
