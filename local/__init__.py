"""The embedded default: runs a complete site on one machine, without the internet."""
