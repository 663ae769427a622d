"""Prepares a bare Debian machine: packages, a virtual environment, an unprivileged account."""
