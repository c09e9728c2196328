"""Kernels in the order of their versions: what an operation executes on each, where that changed, and which functions grew."""
