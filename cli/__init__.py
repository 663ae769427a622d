"""The command `slipway`: the same actions from a terminal, over the same API and rules."""
