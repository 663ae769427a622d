"""The services accept their configuration, and it says what it should."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from agent import edge, php_fpm, services
from agent.server import Server
from model.component import Serve
from model.reading import InvalidSite, read
from tests.agent import applications, service_applications
from tests.agent.server_fixture import ServerFixture
from tests.agent.server_setup import create_server


@pytest.fixture
def server(tmp_path: Path) -> ServerFixture:
    components = (*applications.COMPONENTS, *service_applications.COMPONENTS)
    server = create_server(tmp_path, components)
    services.write(server.settings, server.environment, components)
    return server


def test_caddy_accepts_its_configuration(server: ServerFixture) -> None:
    path = server.settings.state / "Caddyfile"
    command = ["caddy", "adapt", "--validate", "--adapter", "caddyfile", "--config", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    listeners = {
        address
        for each in json.loads(result.stdout)["apps"]["http"]["servers"].values()
        for address in each["listen"]
    }
    https, http = server.settings.https_port, server.settings.http_port
    assert listeners == {
        f"127.0.0.1:{https}",
        f"127.0.0.1:{http}",
        f"unix/{server.settings.preview_socket}",
    }


def test_a_public_environment_is_indexed_and_certified_by_a_public_authority(
    server: ServerFixture,
) -> None:
    public = server.environment.model_copy(update={"indexed": True, "tls": "acme"})
    text = edge.caddyfile(server.settings, public, applications.COMPONENTS)
    assert not re.search("noindex|robots|tls internal", text)
    assert "Strict-Transport-Security" in text


def test_php_accepts_its_configuration(server: ServerFixture) -> None:
    command = [str(word) for word in php_fpm.command(server.settings, "blog")]
    result = subprocess.run([*command, "--test"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_only_php_components_have_a_php_fpm(server: ServerFixture) -> None:
    commands = services.commands(server.settings, applications.COMPONENTS)
    expected = ["edge", "php-blog", "php-shop", "php-nothing", "database"]
    assert list(commands) == expected
    text = php_fpm.configuration(server.settings, "blog")
    assert re.findall(r"^\[(.+)\]$", text, re.M) == ["global", "blog"]


def test_a_site_of_plain_files_needs_neither_php_nor_a_database(server: ServerFixture) -> None:
    settings = server.settings.model_copy(update={"database": None})
    assert list(services.commands(settings, [applications.SPECS])) == ["edge"]


HIDDEN = {
    "/wp-config.php": True,
    "/WP-Config.php": True,
    "/wp-config.php/more": True,
    "/wp-config.phps": False,
    "/uploads/2014/10/shell.php": True,
    "/uploads/picture.png": False,
    "/.git/config": True,
    "/theme/.gitignore": True,
    "/.user.ini": True,
    "/.slipway/manifest.json": True,
    "/.well-known/slipway-release": False,
    "/index.php": False,
}


@pytest.mark.parametrize("path", HIDDEN)
def test_a_path_is_hidden(path: str) -> None:
    serve = Serve(root="public", writable=("public/uploads", "cache"), hidden=("/wp-config.php",))
    expression = edge.hidden_paths(serve).strip('"')
    assert bool(re.search(expression, path)) == HIDDEN[path]


def test_an_error_in_a_server_file_names_the_key(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('srv = "here"\nrun = "/run/x"\nstate = "/s"\nlog = "/l"\n')
    with pytest.raises(InvalidSite) as wrong:
        read(path, Server)
    assert wrong.value.errors == (
        f"{path}: key 'srv': must be an absolute path without spaces, quotes and braces",
        f"{path}: key 'public_key' is missing",
        f"{path}: key 'php_fpm' is missing",
    )


def test_the_edge_has_a_site_for_each_public_host_of_a_component(server: ServerFixture) -> None:
    sites = edge.site_blocks(server.settings, server.environment, service_applications.API)
    assert [site["host"] for site in sites] == ["api.test.localhost", "feed.test.localhost"]
    for site, service in zip(sites, ("web", "feed"), strict=True):
        folder = server.settings.srv / "api"
        assert f"unix/{folder}/current/.slipway/run/{service}.sock" in str(site["current"])
        assert f"unix/{folder}/next/.slipway/run/{service}.sock" in str(site["next"])
        assert "X-Forwarded-Proto https" not in str(site["current"])


def test_what_the_account_of_a_service_may_write_is_served_by_that_service_only(
    tmp_path: Path,
) -> None:
    php_server = create_server(tmp_path, service_applications.COMPONENTS)
    writes = service_applications.API.model_copy(
        update={"serve": Serve(root="public", writable=("public/up",))}
    )
    (first, *_) = edge.site_blocks(php_server.settings, php_server.environment, writes)
    assert first["writable"] == ""
    shop = applications.SHOP.model_copy(update={"serve": Serve(writable=("up",))})
    (only,) = edge.site_blocks(php_server.settings, php_server.environment, shop)
    assert only["writable"]
