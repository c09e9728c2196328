"""Reads how a run is to be compared: members of run.json that were frozen before it, and selftest.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .fields import Fields, check_schema, number_fault, read_object
from .model import BadInput, Run, Yardstick
from .text import plain

ESTIMATORS = ("quiet", "typical", "adjusted", "tail")
LEAST_THRESHOLD_PERCENT = 2.0
SELFTEST = "selftest.json"


@dataclass(frozen=True)
class SelfTest:
    """What a machine's noise does to comparisons. `thresholds` are per cent, by family and estimator;
    `machine` is the identity of the machine in one line. `detectable` is, by family, the smallest change in per cent that
    80 % of comparisons of `pairs` pairs find by the chosen estimator; None where they find none."""

    path: Path
    date: str
    machine: str
    families: Mapping[str, Yardstick]
    thresholds: Mapping[tuple[str, str], float]
    pairs: int = 0
    detectable: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Beside:
    """The self-test that lies beside a run, or why there is none to be used."""

    selftest: SelfTest | None
    why_not: str = ""


def judging_of(run: Fields) -> dict[str, Any]:
    """What run.json says of its own judging; runs from before there was any say nothing."""
    texts = {key: run.shown(key) for key in ("seed", "bundle", "pair") if run.values.get(key) is not None}
    selftest = run.child("selftest").shown("date") if run.values.get("selftest") is not None else None
    return {
        **texts,
        "selftest_date": selftest,
        "estimators": _estimators(run.child("estimators")) if "estimators" in run.values else {},
        "left_after_round": _rounds(run.child("left_after_round")) if "left_after_round" in run.values else {},
    }


def _estimators(families: Fields) -> dict[str, Yardstick]:
    found = {}
    for family in families.values:
        one = families.child(family)
        estimator = one.text("estimator")
        if estimator not in ESTIMATORS:
            raise one.wrong("estimator", "one of " + ", ".join(ESTIMATORS))
        found[plain(family)] = Yardstick(estimator, _number(one, "threshold_percent"), _number(one, "anchor_slope", True))
    return found


def _rounds(left: Fields) -> dict[str, int]:
    return {plain(case): left.count(case) for case in left.values}


def load_selftest(path: Path) -> SelfTest:
    """The record that `ipcmark selftest` wrote, or BadInput."""
    record = read_object(path, "name the selftest.json that `ipcmark selftest` wrote")
    check_schema(record)
    families, thresholds, detectable = {}, {}, {}
    for one in record.objects("families"):
        family, chosen = one.text("family"), one.text("chosen")
        if chosen not in ESTIMATORS:
            raise one.wrong("chosen", "one of " + ", ".join(ESTIMATORS))
        estimators = one.child("estimators")
        for name in ESTIMATORS:
            if estimators.values.get(name) is not None:
                thresholds[family, name] = _number(estimators.child(name), "threshold_percent")
        if (family, chosen) not in thresholds:
            raise estimators.wrong(chosen, "an object")
        detectable[family] = _detectable(estimators.child(chosen))
        families[family] = Yardstick(chosen, thresholds[family, chosen], _number(one, "anchor_slope", True))
    pairs = record.child("settings").count("comparison_pairs")
    return SelfTest(path, record.shown("date"), record.child("machine").shown("key"), families, thresholds, pairs, detectable)


def selftest_beside(run: Run) -> Beside:
    """What `ipcmark run` itself would judge by: the selftest.json in the folder of the runs, if it is of the same machine."""
    folder = run.path.resolve().parent
    # The two of --versus share a folder of their own.
    found = [file for at in ((folder, folder.parent) if run.info.pair else (folder,)) if (file := at / SELFTEST).is_file()]
    if not found:
        return Beside(None, f"no {SELFTEST} lies beside the run")
    try:
        selftest = load_selftest(found[0])
    except BadInput as error:
        return Beside(None, f"that beside the run cannot be used: {error}")
    same = selftest.machine == run.environment.start_text("identity", "key")
    return Beside(selftest) if same else Beside(None, f"the {SELFTEST} beside the run is of another machine")


def _detectable(estimator: Fields) -> float | None:
    key = "detectable_80_percent"
    return None if estimator.values.get(key) is None else _number(estimator, key)


def _number(fields: Fields, key: str, signed: bool = False) -> float:
    value = fields.values.get(key)
    fault = number_fault(abs(value) if signed and isinstance(value, float) else value)
    if fault:
        raise fields.wrong(key, "a number")
    return float(value)
