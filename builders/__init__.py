"""The steps of each kind of builder, in order; one module for each kind."""
