"""Keeps runs over time in one file, and finds when a case changed."""
