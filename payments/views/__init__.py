"""Pages of the wallet: a view parses, calls one action, renders."""
