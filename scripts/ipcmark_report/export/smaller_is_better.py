"""What github-action-benchmark calls customSmallerIsBetter: a list of `{name, unit, value, range, extra}`.

As the README of github.com/benchmark-action/github-action-benchmark has it: name, unit and value are needed, range
and extra are text that its charts show beside a point. Everything here is time, so smaller is better throughout.
"""

from __future__ import annotations

import json

from .. import units
from ..estimates import Selection
from ..model import Run


def text(run: Run, selection: Selection) -> str:
    entries = [
        {
            "name": f"{estimate.case.text}/{estimate.estimator}",
            "unit": "ns",
            "value": estimate.spread.median,
            "range": f"{units.digits(estimate.spread.low)} to {units.digits(estimate.spread.high)}",
            "extra": f"median of {estimate.spread.processes} processes\n{run.environment.machine}\n"
                     f"ipcmark {run.info.version}, git {run.info.git}",
        }
        for estimate in selection.estimates
    ]
    return json.dumps(entries, indent=1, allow_nan=False) + "\n"
