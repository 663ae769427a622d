"""What reports that a repository has changed: pollers, and the webhook that wakes them."""
