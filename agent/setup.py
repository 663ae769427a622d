"""`python -m agent.setup --server server.toml`: what a server needs besides its programs' files.

The agent's account runs `folders` before the programs start, and `processes` afterwards.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from agent import accounts, adoption, processes, service_process
from agent.component_directory import ComponentDirectory
from agent.errors import AgentError, error_message
from agent.server import Server
from model.reading import InvalidSite, read


def create_folders(server: Server, components: Iterable[str]) -> None:
    """Create the folders of a server, each open to those whom it concerns."""
    names = list(components)
    adoption.adopt(server, names)
    accounts.create_folders(server, names)


def start_processes(server: Server, components: Iterable[str]) -> None:
    """Start the live releases' processes that no supervisord knows.

    It knows them, unless an older version of ours had another supervisord for them.
    """
    for component in components:
        directory = ComponentDirectory(server, component)
        live = directory.live_instance
        if live and not service_process.find_processes(directory):
            processes.start(directory, live)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m agent.setup", description=__doc__)
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("what", choices=("folders", "processes"))
    options = parser.parse_args()
    try:
        server = read(options.server, Server)
        function = create_folders if options.what == "folders" else start_processes
        function(server, server.accounts)
    except (AgentError, InvalidSite, OSError) as error:
        print(error_message(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
