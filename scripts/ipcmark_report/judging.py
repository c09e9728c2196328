"""Reads how a run is to be compared: members of run.json that were frozen before it, and selftest.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .fields import Fields, check_schema, number_fault, read_object
from .model import Yardstick
from .text import plain

ESTIMATORS = ("quiet", "typical", "adjusted", "tail")
LEAST_THRESHOLD_PERCENT = 2.0


@dataclass(frozen=True)
class SelfTest:
    """What a machine's noise does to comparisons. `thresholds` are per cent, by family and estimator;
    `machine` is the identity of the machine in one line."""

    path: Path
    date: str
    machine: str
    families: Mapping[str, Yardstick]
    thresholds: Mapping[tuple[str, str], float]


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
    families, thresholds = {}, {}
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
        families[family] = Yardstick(chosen, thresholds[family, chosen], _number(one, "anchor_slope", True))
    return SelfTest(path, record.shown("date"), record.child("machine").shown("key"), families, thresholds)


def _number(fields: Fields, key: str, signed: bool = False) -> float:
    value = fields.values.get(key)
    fault = number_fault(abs(value) if signed and isinstance(value, float) else value)
    if fault:
        raise fields.wrong(key, "a number")
    return float(value)
