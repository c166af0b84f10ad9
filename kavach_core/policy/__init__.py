"""Rules without I/O: what a pattern matches, what a permission allows, what a decision is."""
