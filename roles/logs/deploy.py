"""rsyslog: every server sends its lines to this one, and keeps them until it has them.

RELP acknowledges each line: https://www.rsyslog.com/doc/configuration/modules/omrelp.html.
"""

from collections.abc import Iterator
from pathlib import Path

from roles.managed_server import ManagedServer, ServiceCheck
from roles.operations import file, packages, service

PORT = 2514
RECEIVED = Path("/var/log/servers")
"""A folder for each server, with a file for each of its programs."""
CONFIGURATION = Path("/etc/rsyslog.conf")
"""All of it: Debian's own takes its lines from a socket that drops some when it is full."""
# Not the logs of components: they could make a link there, and root reads what it leads to.
COMMON = """\
global(workDirectory="/var/spool/rsyslog")
module(load="imjournal" stateFile="journal" ratelimit.interval="0")
module(load="imfile" mode="inotify")
input(type="imfile" file="/var/log/slipway/*.log" tag="slipway" addMetadata="on")
input(type="imfile" file="/var/log/slipway/edge/*.log" tag="edge" addMetadata="on")
"""
RECEIVER = """\
module(load="imrelp")
template(name="place" type="string"
  string="{folder}/%HOSTNAME:::secpath-replace%/%PROGRAMNAME:::secpath-replace%.log")
ruleset(name="received") {{
  action(type="omfile" dynaFile="place" dirCreateMode="0750" fileCreateMode="0640")
}}
input(type="imrelp" port="{port}" address="{address}" ruleset="received")
call received
"""
SENDER = """\
module(load="omrelp")
action(type="omrelp" target="{target}" port="{port}" action.resumeRetryCount="-1"
  queue.type="LinkedList" queue.filename="to-{name}" queue.maxDiskSpace="1g"
  queue.saveOnShutdown="on")
"""
ROTATED = """\
{folder}/*/*.log {{
  daily
  rotate 30
  compress
  delaycompress
  missingok
  notifempty
  sharedscripts
  postrotate
    /usr/lib/rsyslog/rsyslog-rotate
  endscript
}}
"""


def deploy(target: ManagedServer) -> None:
    packages(name="Packages of logs", names=["logrotate", "rsyslog", "rsyslog-relp"])
    text = RECEIVER.format(folder=RECEIVED, port=PORT, address=target.address)
    file(Path("/etc/logrotate.d/slipway-servers"), ROTATED.format(folder=RECEIVED))
    service(name="Service of logs", unit="rsyslog", restart=[file(CONFIGURATION, COMMON + text)])


def use(target: ManagedServer) -> None:
    """Send to the first server with this role; that one keeps its own lines as the others'."""
    first = target.having("logs")[0]
    if first.name == target.name:
        return
    packages(name="Packages of logs", names=["rsyslog", "rsyslog-relp"])
    text = SENDER.format(target=first.address, port=PORT, name=first.name)
    service(name="Service of logs", unit="rsyslog", restart=[file(CONFIGURATION, COMMON + text)])


def checks(target: ManagedServer) -> Iterator[ServiceCheck]:
    listening = f"ss --no-header --tcp --listening --numeric '( sport = :{PORT} )'"
    yield ServiceCheck("rsyslog", f"{listening} | grep --quiet {target.address}")
