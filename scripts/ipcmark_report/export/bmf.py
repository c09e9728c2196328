"""Bencher Metric Format: `{benchmark: {measure: {value, lower_value, upper_value}}}`.

As https://bencher.dev/docs/reference/bencher-metric-format has it, for `bencher run --adapter json`. Measures are
named by slug and made where there is none; `value` is the median over processes, the other two are the smallest
and the largest process.
"""

from __future__ import annotations

import json

from ..estimates import Selection
from ..model import Run


def text(run: Run, selection: Selection) -> str:
    benchmarks: dict[str, dict[str, dict[str, float]]] = {}
    for estimate in selection.estimates:
        spread = estimate.spread
        benchmarks.setdefault(estimate.case.text, {})[f"{estimate.estimator}-ns"] = {
            "value": spread.median, "lower_value": spread.low, "upper_value": spread.high,
        }
    return json.dumps(benchmarks, indent=1, allow_nan=False) + "\n"
