"""Boots as run directories."""
