"""What a build leaves behind: an artifact, its signed provenance, and a place in the ledger."""
