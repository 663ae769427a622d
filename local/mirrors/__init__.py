"""Git mirrors on this machine, in place of the repositories that a site names."""
