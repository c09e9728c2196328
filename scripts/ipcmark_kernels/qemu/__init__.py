"""The machine that boots a kernel, and what became of the boot."""
