# -*- python -*-
"""A Buildbot worker as a machine that lives for a build or two runs it."""

import json
from pathlib import Path

from buildbot_worker.bot import Worker
from twisted.application import service

HERE = Path(__file__).resolve().parent
KEEPALIVE_SECONDS = 30
TRIES = 8
"""How often it calls in vain before it gives up, and the machine turns itself off."""

about = json.loads((HERE / "worker.json").read_text())
application = service.Application("slipway-worker")
Worker(
    None,
    None,
    about["name"],
    about["password"],
    str(HERE),
    KEEPALIVE_SECONDS,
    connection_string=about["master"],
    maxRetries=TRIES,
).setServiceParent(application)
