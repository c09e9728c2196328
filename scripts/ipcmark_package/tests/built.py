"""Where the build lies that is tested."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("IPCMARK_BUILD", "build/release")
