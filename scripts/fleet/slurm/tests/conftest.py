"""The package under test and the one beside it, as scripts/fleet/slurm/submit finds them."""

import sys
from pathlib import Path

SLURM = Path(__file__).resolve().parents[1]
sys.path[:0] = [folder for folder in (str(SLURM), str(SLURM.parents[1])) if folder not in sys.path]
