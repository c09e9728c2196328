"""Comparing runs: what changed, how sure that is, and why not to believe it."""
