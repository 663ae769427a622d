"""The embedded default: what a site needs to run complete on one machine, without the internet."""
