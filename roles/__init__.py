"""What makes a server of a bare Debian machine: one folder for each role.

A role's `role.toml` declares what it is (`model/role.py`); its `deploy.py` says with pyinfra what
is installed and configured, and how one sees that it works. `python -m roles.apply` runs them.
"""
