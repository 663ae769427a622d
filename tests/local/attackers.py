"""Attackers as components: PHP, Node and Python applications, and a build command.

Each runs the same script over the same attempts, and answers which of them succeeded.
"""

from pathlib import Path

RELEASE = "1.0"
"""The upstream release of the attackers, so that the review lane tries it too."""

SCRIPT = """
import json, os, socket, subprocess, sys

def read(path):
    os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)

def write(path):
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))

def create(folder):
    name = f"{folder}/planted-{os.getuid()}"
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(name)

def rename(path):
    os.rename(path, path + ".moved")
    os.rename(path + ".moved", path)

def connect(path):
    socket.socket(socket.AF_UNIX).connect(path)

def signal(pid):
    os.kill(int(pid), 0)

def administer(target):
    user, path = target.split("@", 1)
    client = ["mariadb", "--no-defaults", "--user=" + user, "--socket=" + path]
    if subprocess.run([*client, "--execute=SELECT 1"], capture_output=True).returncode:
        raise PermissionError

def attempt(kind, target):
    try:
        globals()[kind](target)
    except PermissionError:
        return False
    except OSError as error:
        return str(error)
    return True

print("ATTACKED", json.dumps([attempt(*pair) for pair in json.load(sys.stdin)]))
"""

COMPONENT = """\
title = "{name}"
runtime = "{runtime}"
host = "{name}"
secrets = ["token"]
{keys}

[upstream]
repository = "https://github.com/slipway-demo/specs.git"
release = "1.*"
{tables}
[serve]
writable = ["uploads"]

[[checks]]
path = "/"
contains = "{name} is up"
"""

SERVICE = """
[[services]]
name = "web"
command = [{command}]

[[services]]
name = "inner"
command = [{command}]
"""

SETTINGS = "TOKEN={{ secrets.token }}\n"

PATCH = """\
diff --git a/uploads/shipped.txt b/uploads/shipped.txt
new file mode 100644
--- /dev/null
+++ b/uploads/shipped.txt
@@ -0,0 +1 @@
+shipped
"""

PHP = """<?php
if ($_SERVER['REQUEST_URI'] === '/attack') {
    passthru('/usr/bin/python3 -I FOLDER/attacker.py < FOLDER/attempts.json 2>&1');
} else {
    echo 'forum is up';
}
"""

NODE = """
const http = require('http'), { execSync } = require('child_process');
http.createServer((request, response) => {
  response.end(request.url === '/attack'
    ? execSync('/usr/bin/python3 -I FOLDER/attacker.py < FOLDER/attempts.json 2>&1')
    : 'events is up');
}).listen(process.env.SLIPWAY_SOCKET);
"""

PYTHON = """
import os, socketserver, subprocess
from http.server import BaseHTTPRequestHandler

ATTACK = "/usr/bin/python3 -I FOLDER/attacker.py < FOLDER/attempts.json 2>&1"

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"tasks is up"
        if self.path == "/attack":
            body = subprocess.run(ATTACK, shell=True, stdout=subprocess.PIPE).stdout
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

    def address_string(self):
        return "edge"

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    pass

Server(os.environ["SLIPWAY_SOCKET"], Page).serve_forever()
"""

BUILD = "test ! -e FOLDER/attempts.json || python3 -I FOLDER/attacker.py <FOLDER/attempts.json"
"""The attack of a build command, which has no attempts when the first releases are built."""

INSTALL = """<?php
require __DIR__ . '/config.php';
$database = new mysqli('localhost', $user, $password, $name, 0, $socket);
$database->query('CREATE TABLE posts (id INT AUTO_INCREMENT PRIMARY KEY)');
echo 'installed by ', posix_getuid(), "\\n";
"""

CONFIG = """<?php
$token = '{{ secrets.token }}';
$name = '{{ database.name }}';
$user = '{{ database.user }}';
$password = '{{ database.password }}';
$socket = '{{ database.socket }}';
"""

DATABASE = """
[database]
engine = "mariadb"
install = [["php", "install.php"]]
"""


def write(components: Path, folder: Path) -> None:
    """Write the components; the script and its attempts are in the folder, which all may enter."""
    (folder / "attacker.py").write_text(SCRIPT)
    build = f'build = [["sh", "-c", "{at(BUILD, folder)}"]]'
    one(components, "forum", "php", build, DATABASE, {
        "index.php": at(PHP, folder), "install.php": INSTALL, "config.php": CONFIG,
    })  # fmt: skip
    one(components, "events", "node", "", SERVICE.format(command='"node", "server.js"'), {
        "server.js": at(NODE, folder), ".slipway/web.env": SETTINGS,
    })  # fmt: skip
    one(components, "tasks", "python", "", SERVICE.format(command='"python3", "app.py"'), {
        "app.py": at(PYTHON, folder), ".slipway/web.env": SETTINGS,
    })  # fmt: skip


def one(
    components: Path, name: str, runtime: str, keys: str, tables: str, templates: dict[str, str]
) -> None:
    folder = components / name
    (folder / "patches").mkdir(parents=True)
    (folder / "patches" / "uploads.patch").write_text(PATCH)
    text = COMPONENT.format(name=name, runtime=runtime, keys=keys, tables=tables)
    (folder / "component.toml").write_text(text)
    for file, content in templates.items():
        path = folder / "templates" / f"{file}.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def at(text: str, folder: Path) -> str:
    return text.replace("FOLDER", str(folder))
