"""Which functions of a kernel the measured operations execute, and how many instructions of each."""
