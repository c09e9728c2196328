"""Reads run directories (reports/FORMAT.md): pages of one run and of several, comparisons, exports, a history."""
