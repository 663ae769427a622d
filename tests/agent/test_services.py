"""The configuration of the services, judged by the services themselves."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from agent import edge, php_fpm, services
from agent.server import Server
from model.component import Serve
from model.reading import InvalidSite, read
from tests.agent import applications, served
from tests.agent.world import World, make


@pytest.fixture
def unstarted(tmp_path: Path) -> World:
    components = (*applications.COMPONENTS, *served.COMPONENTS)
    made = make(tmp_path, components)
    services.write(made.server, made.environment, components)
    return made


def test_caddy_accepts_its_configuration(unstarted: World) -> None:
    path = unstarted.server.state / "Caddyfile"
    command = ["caddy", "adapt", "--validate", "--adapter", "caddyfile", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listeners = {
        address
        for each in json.loads(done.stdout)["apps"]["http"]["servers"].values()
        for address in each["listen"]
    }
    https, http = unstarted.server.https_port, unstarted.server.http_port
    assert listeners == {
        f"127.0.0.1:{https}",
        f"127.0.0.1:{http}",
        f"unix/{unstarted.server.preview_socket}",
    }


def test_a_public_environment_is_indexed_and_certified_by_a_public_authority(
    unstarted: World,
) -> None:
    public = unstarted.environment.model_copy(update={"indexed": True, "tls": "acme"})
    text = edge.caddyfile(unstarted.server, public, applications.COMPONENTS)
    assert not re.search("noindex|robots|tls internal", text)
    assert "Strict-Transport-Security" in text


def test_php_accepts_its_configuration(unstarted: World) -> None:
    state = unstarted.server.state
    command = [unstarted.server.php_fpm, "-t", "-c", str(state / "php.ini"), "-y"]
    done = subprocess.run(
        [*command, str(state / "php-fpm.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_only_php_components_have_a_pool(unstarted: World) -> None:
    text = php_fpm.configuration(unstarted.server, applications.COMPONENTS)
    assert re.findall(r"^\[(.+)\]$", text, re.M) == ["global", "blog", "shop", "nothing"]


def test_a_site_of_plain_files_needs_neither_php_nor_a_database(unstarted: World) -> None:
    server = unstarted.server.model_copy(update={"database": None})
    assert list(services.commands(server, [applications.SPECS])) == ["edge"]


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
    expression = edge.hidden(serve).strip('"')
    assert bool(re.search(expression, path)) == HIDDEN[path]


def test_a_server_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('srv = "here"\nrun = "/run/x"\nstate = "/s"\nlog = "/l"\n')
    with pytest.raises(InvalidSite) as wrong:
        read(path, Server)
    assert wrong.value.errors == (
        f"{path}: key 'srv': must be an absolute path without spaces, quotes and braces",
        f"{path}: key 'public_key' is missing",
    )


def test_the_edge_has_a_site_for_each_public_host_of_a_component(unstarted: World) -> None:
    sites = edge.sites(unstarted.server, unstarted.environment, served.API)
    assert [site["host"] for site in sites] == ["api.test.localhost", "feed.test.localhost"]
    for site, service in zip(sites, ("web", "feed"), strict=True):
        folder = unstarted.server.srv / "api"
        assert f"unix/{folder}/current/.slipway/run/{service}.sock" in str(site["answer"])
        assert f"unix/{folder}/next/.slipway/run/{service}.sock" in str(site["preview"])
        assert "X-Forwarded-Proto https" not in str(site["answer"])


def test_what_the_account_of_a_service_may_write_is_served_by_that_service_only(
    tmp_path: Path,
) -> None:
    world = make(tmp_path, served.COMPONENTS)
    writes = served.API.model_copy(update={"serve": Serve(root="public", writable=("public/up",))})
    (first, *_) = edge.sites(world.server, world.environment, writes)
    assert first["writable"] == ""
    shop = applications.SHOP.model_copy(update={"serve": Serve(writable=("up",))})
    (only,) = edge.sites(world.server, world.environment, shop)
    assert only["writable"]
