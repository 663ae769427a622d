"""One client for an OpenStack project: machines, networks, addresses, errors."""
