"""What the Releases page and the terminal show, computed from the ledger."""
