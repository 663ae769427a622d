"""The program that runs on every server: verify, unpack, configure, migrate, check, switch."""
