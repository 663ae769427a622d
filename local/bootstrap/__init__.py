"""What a bare Debian machine lacks: packages, a virtual environment, an unprivileged account."""
