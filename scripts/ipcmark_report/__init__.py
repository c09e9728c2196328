"""Turns a run directory (reports/FORMAT.md) into one HTML page: load -> summary -> charts -> page."""
