"""Putting runs where others find them: a page, the data it was made from, and an index of all."""
