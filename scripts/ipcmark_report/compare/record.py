"""A comparison as JSON, for programs; reports/FORMAT.md describes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..fields import SCHEMA_VERSION
from ..model import Run
from ..text import one_line
from .model import Cell, Change, Comparison, Group, Interval, Mix, Whole


def json_of(comparisons: Sequence[Comparison]) -> str:
    whole = {"schema_version": SCHEMA_VERSION, "comparisons": [_comparison(one) for one in comparisons]}
    return json.dumps(whole, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "base": _run(one.base, one.base_name), "new": _run(one.new, one.new_name), "design": one.design.value,
        "varying": list(one.varying), "says": one.says, "void": one.void, "alarms": list(one.alarms),
        "notes": list(one.notes), "expected_false": one.expected_false,
        "differences": [asdict(difference) for difference in one.differences],
        "controls": [_cell(cell) for cell in one.controls], "cells": [_cell(cell) for cell in one.cells],
        "families": [_group(group) for group in one.families], "backends": [_group(group) for group in one.backends],
        "overall": _group(one.overall), "unmatched": [asdict(case) for case in one.unmatched],
    }


def _run(run: Run, name: str) -> dict[str, Any]:
    return {"name": name, "path": one_line(str(run.path)), "machine": run.environment.machine, "git": run.info.git,
            "started_at": run.info.started_at, "preset": run.info.preset, "complete": run.info.complete}


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "case": cell.case.text, "family": cell.family, "judged_by": cell.judged_by, "verdict": cell.judged.verdict.value,
        "reading": cell.reading, "detectable": cell.detectable, "confounders": list(cell.confounders),
        "changes": {change.estimator: _change(change) for change in cell.changes},
        "mix": None if cell.mix is None else _mix(cell.mix),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "pairs": change.pairs, "left_out": change.left_out, "ratio": change.ratio, **_ends(change.interval), "p": change.p,
        "q": change.q, "threshold": change.threshold, "verdict": change.verdict.value, "why": change.why,
        "strata_ns": list(change.strata), "strata_switches": None if change.paths is None else list(change.paths),
        "base_ns": [list(point) for point in change.base],
        "new_ns": [list(point) for point in change.new],
    }


def _mix(mix: Mix) -> dict[str, Any]:
    paths = [{"switches": path.switches, "base_share": path.base_share, "new_share": path.new_share, "ratio": path.ratio,
              **_ends(path.interval)} for path in mix.paths]
    return {"base_switches": mix.base_switches, "new_switches": mix.new_switches, "p": mix.p, "q": mix.q,
            "changed": mix.changed, "simpson": mix.simpson, "says": mix.says, "paths": paths,
            "whole": None if mix.whole is None else _whole(mix.whole), "against_whole": list(mix.against_whole),
            "withheld": mix.withheld}


def _whole(whole: Whole) -> dict[str, Any]:
    return {"ratio": whole.ratio, **_ends(whole.interval), "p": whole.p}


def _group(group: Group) -> dict[str, Any]:
    return {"name": group.name, "cells": group.cells, "ratio": group.ratio, **_ends(group.interval), "p": group.p,
            "q": group.q, "regressions": group.regressions, "improvements": group.improvements,
            "verdict": group.verdict.value}


def _ends(interval: Interval | None) -> dict[str, float | None]:
    return {"low": None, "high": None} if interval is None else {"low": interval.low, "high": interval.high}
