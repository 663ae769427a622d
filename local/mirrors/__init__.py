"""Git mirrors on this machine, which stand for the repositories that a site names."""
