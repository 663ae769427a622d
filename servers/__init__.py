"""The machines of an environment that are servers: found, made, prepared, removed."""
