"""Makes one run directory of a kernel's boots: what a boot measured becomes a round. Knows the keys of reports/FORMAT.md
that change by it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_RESULT = re.compile(r"([a-z][a-z0-9_]*)\.1((?:\.hist|\.reps)?\.json)")


def run_of(boots: Sequence[Mapping[str, bytes]], planned: int) -> dict[str, bytes]:
    """The files of the run. `planned` boots were to be; where fewer came, the run is partial."""
    found: dict[str, bytes] = {}
    for number, files in enumerate(boots, start=1):
        for name, content in files.items():
            match = _RESULT.fullmatch(name)
            if match:
                found[f"{match[1]}.{number}{match[2]}"] = content
    found["run.json"] = _merged([json.loads(files["run.json"]) for files in boots], planned)
    found["environment.json"] = boots[0]["environment.json"]
    return found


def results_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The hash of each file that holds what was measured."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items()) if _RESULT.fullmatch(name)}


def identity_of(results: Mapping[str, str]) -> str:
    """One hash of them all: equal where every count is."""
    return hashlib.sha256(json.dumps(sorted(results.items())).encode()).hexdigest()


def _merged(runs: Sequence[dict[str, Any]], planned: int) -> bytes:
    first, last = runs[0], runs[-1]
    whole = len(runs) == planned and all(run["status"] == "complete" for run in runs)
    labels = dict.fromkeys(label for run in runs for label in run.get("labels", ()))
    merged = {**first, "rounds": planned, "ended_at": last["ended_at"], "status": "complete" if whole else "partial",
              "labels": list(labels)}
    return (json.dumps(merged, indent=1) + "\n").encode()
