"""What we measure, against the least that the same work can take."""
