"""Who sees the UI and who may press what."""
