"""Submits campaigns of measurements to Slurm, for scripts/fleet/slurm/submit."""
