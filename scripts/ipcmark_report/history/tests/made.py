"""Makes records of imagined runs, for the tests and the bench of the history."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ipcmark_report.estimates import Estimate
from ipcmark_report.history.record import Record, RunFacts
from ipcmark_report.load import parse_case
from ipcmark_report.machines import Machine
from ipcmark_report.stats import spread_over_processes

CASE = "latency/pipe/pipe/size:64/placement:same_core"
MACHINE = Machine("x86_64 | Example CPU 9000 | 2 | Vendor", True)


def facts(number: int, **others: object) -> RunFacts:
    """Of the run of that day, each in a boot of its own."""
    started = datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(days=number)
    plain = RunFacts(
        digest=hashlib.sha256(f"{number} {sorted(others.items())!r}".encode()).hexdigest(), machine=MACHINE,
        kernel="6.12.0", kernel_version="#1 SMP", kernel_build="48dc000c", boot=f"boot-{number}",
        started_at=started.strftime("%Y-%m-%dT%H:%M:%SZ"), version="0.1.0", git="0123abcd", preset="default", labels=0,
        complete=True, path=f"/runs/{number}")
    return replace(plain, **others)


def estimate(values: Sequence[float], case: str = CASE, estimator: str = "quiet") -> Estimate:
    parsed = parse_case(case)
    rounds = tuple(enumerate(values, 1))
    spread = spread_over_processes(rounds)
    assert parsed is not None and spread is not None
    return Estimate(parsed, estimator, rounds, spread)


def record(number: int, *estimates: Estimate, **others: object) -> Record:
    return Record(facts(number, **others), estimates or (estimate([100.0, 101.0, 103.0]),), "")
