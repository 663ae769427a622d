"""The programs of one installation: their configuration, their start and their readiness."""
