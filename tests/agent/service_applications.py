"""Tiny applications that are processes: an API on Node with two hosts, notes on Python."""

from model.component import Component, Serve, Service, Source
from model.release import Manifest
from tests.agent.packaging import Release
from tests.agent.server_fixture import ServerFixture

UPSTREAM = Source(repository="https://example.org/upstream.git", release="1.0")

API = Component(
    name="api",
    title="API",
    runtime="node",
    host="api",
    upstream=UPSTREAM,
    services=(
        Service(name="web", command=("node", "web.js", "{socket}"), health="/health"),
        Service(
            name="feed", command=("node", "feed.js", "{socket}"), host="feed", health="/health"
        ),
        Service(name="inner", command=("node", "feed.js", "{socket}")),
    ),
    serve=Serve(writable=("data",), hidden=("/hidden",)),
    secrets=("salt",),
)
NOTES = Component(
    name="notes",
    title="Notes",
    runtime="python",
    host="notes",
    upstream=UPSTREAM,
    services=(Service(name="web", command=("python", "app.py", "{socket}")),),
)
COMPONENTS = (API, NOTES)

NODE = """
const http = require('http'), fs = require('fs');
let before = '';
function respond(request, response, body) {
  const echo = { env: process.env, headers: request.headers, body, before, pid: process.pid };
  if (request.url === '/echo') return response.end(JSON.stringify(echo));
  %(more)s
  response.end(`api %(version)s; salt ${process.env.SALT}; body ${body}; cwd ${process.cwd()}\\n`);
}
const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', part => { body += part; });
  const wait = request.url.startsWith('/slow') ? 700 : 0;
  request.on('end', () => setTimeout(() => respond(request, response, body), wait));
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
"""

WEB = NODE + "setTimeout(() => server.listen(process.argv[2]), 300);\n"

FEED = (
    NODE
    + """
const page = { socketPath: process.env.WEB || '/nowhere', path: '/health' };
http.get(page, response => { before = `web answered ${response.statusCode}`; response.resume(); })
  .on('error', reason => { before = `web answered ${reason.code}`; });
server.listen(process.argv[2]);
"""
)

PYTHON = """
import os, signal, socketserver, sys, threading
from http.server import BaseHTTPRequestHandler

import greeting

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"notes {greeting.VERSION}; cwd {os.getcwd()}; path {sys.path}\\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    request_queue_size = 128

server = Server(sys.argv[1], Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.05)
server.server_close()
"""


def api(
    server: ServerFixture,
    version: str,
    web: str = "",
    feed: str = "",
    manifest: Manifest | None = None,
    settings: str = "SALT={{ secrets.salt }}\n",
) -> Release:
    """A release of the API, with more code in its services, which runs before they answer."""
    tree = {
        "web.js": WEB % {"version": version, "more": web},
        "feed.js": FEED % {"version": version, "more": feed},
        "data/shipped.txt": "shipped",
        ".slipway/templates/.slipway/web.env.j2": settings,
        ".slipway/templates/.slipway/feed.env.j2": "WEB={{ services.web.socket }}\n"
        "ADDRESS={{ services.feed.url }}\n",
    }
    return server.build_release("api", tree, manifest)


def notes(server: ServerFixture, version: str, manifest: Manifest | None = None) -> Release:
    greeting = f"VERSION = '{version}'\n"
    return server.build_release(
        "notes", {"app.py": PYTHON, "packages/greeting.py": greeting}, manifest
    )
