"""The figures of a comparison: what each shows, its question and its answer."""
