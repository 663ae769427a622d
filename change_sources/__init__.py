"""What tells us that a repository moved."""
