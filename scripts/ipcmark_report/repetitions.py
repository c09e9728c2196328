"""Reads what one process saw in each of its repetitions: the cases of `<binary>.<round>.reps.json`."""

from __future__ import annotations

from .fields import Fields, number_fault
from .model import Anchor, Case, Process, Repetition

_NEEDED = ("started_at_ns", "elapsed_ns", "operations", "voluntary_switches", "involuntary_switches")


def process_of(fields: Fields, case: Case, number: int) -> Process | None:
    """The process, or None where its numbers cannot be believed."""
    windows, looks = fields.objects("repetitions"), fields.objects("anchors")
    # In a window that a stall swallowed nothing ended.
    repetitions = [_repetition(window) for window in windows if window.values.get("operations") != 0]
    starts = [_number(window, "started_at_ns") for window in windows]
    # The last look is taken when the last window is over.
    times = [*starts, _end(windows[-1])] if windows else []
    anchors = [_anchor(look, time) for look, time in zip(looks, times)]
    if len(looks) not in (0, len(windows) + 1) or None in repetitions or None in anchors:
        return None
    return Process(case, number, tuple(r for r in repetitions if r), tuple(a for a in anchors if a))


def _repetition(window: Fields) -> Repetition | None:
    values = window.values
    numbers = [values.get(key) for key in _NEEDED]
    counted = "p50_ns" not in values
    if not counted:
        numbers.append(values["p50_ns"])
    if any(number_fault(one) for one in numbers):
        return None
    start, elapsed, operations, voluntary, involuntary = map(float, numbers[:5])
    if not operations:
        return None
    typical = elapsed / operations if counted else float(numbers[5])
    return Repetition(
        start, typical, voluntary / operations, involuntary / operations, operations,
        _number(window, "p10_ns"), _number(window, "p90_ns"),
        (_number(window, "run_delay_ns") or 0) / elapsed if elapsed else 0, _peers(window),
    )


def _peers(window: Fields) -> tuple[float, ...]:
    """What each peer counted; empty where not every one is a number."""
    counts = window.values.get("peer_operations")
    if not isinstance(counts, list) or any(number_fault(count) for count in counts):
        return ()
    return tuple(float(count) for count in counts)


def _anchor(look: Fields, time: float | None) -> Anchor | None:
    least, median = _number(look, "min_ns"), _number(look, "median_ns")
    if time is None or least is None or not median:
        return None
    return Anchor(time, least, median)


def _end(window: Fields) -> float | None:
    start, elapsed = _number(window, "started_at_ns"), _number(window, "elapsed_ns")
    return None if start is None or elapsed is None else start + elapsed


def _number(fields: Fields, key: str) -> float | None:
    value = fields.values.get(key)
    return None if number_fault(value) else float(value)
