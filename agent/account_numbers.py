"""The numbers of accounts that exist only as numbers. Standard library only."""

RANGE = range(60578, 61184)
"""Numbers that no distribution assigns, and that containers map too:
https://systemd.io/UIDS-GIDS/."""
