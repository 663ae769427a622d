"""The programs of one installation: what they are made from, and how they are kept running."""
