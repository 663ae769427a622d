"""`python -m local.bootstrap`: makes this machine ready, then runs a command of ours on it."""

from local.bootstrap.command import main
from local.errors import exit_on_error

if __name__ == "__main__":
    exit_on_error(main)
