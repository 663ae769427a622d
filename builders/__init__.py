"""What a build does, in order; one module per kind of builder."""
