"""What a developer of Slipway runs."""
