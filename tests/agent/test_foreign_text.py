"""Files of an upstream may be in any encoding, and may hold settings of PHP like ours."""

import pytest

from agent.runtimes.php import require_statement
from model.component import Check
from model.release import Manifest
from tests.agent import applications
from tests.agent.server_fixture import ServerFixture

SETTINGS = "; Gr\xfc\xdfe\nauto_prepend_file = 'theirs.php' ; the component's\n"


def test_a_release_with_files_in_latin_1_runs_with_its_own_settings_and_ours(
    php_server: ServerFixture,
) -> None:
    manifest = Manifest.of(applications.SHOP).model_copy(
        update={"checks": (Check(path="/", contains="theirs ran; replaced"),)}
    )
    release = php_server.build_release(
        "shop",
        {
            "index.php": "<?php require 'config.php'; echo THEIRS, '; ', CONFIG;",
            "config.php": "<?php // ers\xe4tzt".encode("latin-1"),
            ".user.ini": SETTINGS.encode("latin-1"),
            "theirs.php": "<?php const THEIRS = 'theirs ran';",
            ".slipway/templates/config.php.j2": "<?php const CONFIG = 'replaced';\n",
        },
        manifest,
    )
    for _ in range(2):  # the second time, an instance with rendered files is compared
        result = php_server.deploy(release)
        assert result.code == 0, result
    page = php_server.page("shop")
    assert page.body == "theirs ran; replaced"
    assert page.headers["x-slipway-release"].partition("-")[0] == release.digest


@pytest.mark.parametrize(
    ("settings", "statement"),
    [
        (b"", b""),
        (b"auto_prepend_file = a.php", b"require 'a.php';\n"),
        (b'  auto_prepend_file="a b.php" ; why', b"require 'a b.php';\n"),
        (b"auto_prepend_file='a.php'\nauto_prepend_file = b.php;", b"require 'b.php';\n"),
        (b"auto_prepend_file = a.php\nauto_prepend_file = none", b""),
        (b"auto_prepend_file =\n", b""),
        (b"; auto_prepend_file = a.php", b""),
        (b'auto_prepend_file = "it\'s.php"', b"require 'it\\'s.php';\n"),
        (b"auto_prepend_file = \xfc.php", b"require '\xfc.php';\n"),
    ],
)
def test_the_components_own_script_is_the_one_that_php_would_run(
    settings: bytes, statement: bytes
) -> None:
    assert require_statement(settings.splitlines()) == statement
