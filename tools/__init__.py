"""Commands for the developers of Slipway."""
