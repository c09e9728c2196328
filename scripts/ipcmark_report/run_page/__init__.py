"""The page of one run: what its sections say and show."""
