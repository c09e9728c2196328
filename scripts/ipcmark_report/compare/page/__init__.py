"""The page of a comparison: its words, its figures, its tables."""
