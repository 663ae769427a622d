"""`python -m local.bootstrap`: makes this machine ready, then runs a command of ours on it."""

from local.bootstrap.command import main
from local.refusal import or_one_line

if __name__ == "__main__":
    or_one_line(main)
