"""Comparing runs: what changed, how sure that is, and why not to believe it."""

from .comparison import compare_runs
from .model import Comparison

__all__ = ["Comparison", "compare_runs"]
