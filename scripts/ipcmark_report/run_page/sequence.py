"""The figure of a run's course: its results, the anchor and the machine's load against the time of day."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from scipy import stats

from .. import units
from ..model import Environment, Fact, Process, Run
from ..recipes import ANY, cases
from ..stats import Spread
from ..views import Axis, Figure, Layer, Panel, Point, Series, Stack, Table, Unit

# The run's time is drawn in so many equal parts.
PARTS = 100
FEWEST_PARTS = 10
NS = 1e9
# What of the machine's load is recorded at the start and at the end.
_LOAD = (("average", "load average"), ("cpu_pressure_percent", "CPU pressure in %"), ("steal_percent", "steal in %"))

Moment = tuple[float, float]  # seconds, value


def sequence_figure(run: Run, machine: str) -> Figure | None:
    medians = _medians(run.processes)
    began = [process for process in run.processes if process.repetitions]
    if not began:
        return None
    clock = _clock(run.environment)
    shift = clock if clock is not None else -min(p.repetitions[0].started_at_ns for p in began) / NS
    measures = list(dict.fromkeys(process.case.measure for process in began))
    relative = {
        measure: _parts([(_start(p) + shift, _typical(p) / medians[p.case.text])
                         for p in began if p.case.measure == measure], began, shift, cases(measure))
        for measure in measures
    }
    whole = _parts([(_start(p) + shift, _typical(p) / medians[p.case.text]) for p in began], began, shift)
    anchor = _parts([(look.at_ns / NS + shift, look.median_ns) for p in began for look in p.anchors], began, shift)
    layers = [
        Layer(Panel("typical time of a process, over the median of its case", tuple(
            Series(measure, index, relative[measure]) for index, measure in enumerate(measures))),
              Axis("times (log)", Unit.COUNT), log=True),
        *_layer("the anchor", anchor, Axis("1000 turns", Unit.TIME), log=True),
        *_layer("time that peers could have run and had no CPU, over the window's",
                _parts([(r.started_at_ns / NS + shift, 100 * r.delayed) for p in began for r in p.repetitions], began, shift),
                Axis("", Unit.PERCENT)),
        *_layer("share of the CPUs' time that others had", _parts(_foreign(run, shift), began, shift), Axis("", Unit.PERCENT)),
    ]
    return Figure(
        "sequence",
        "The course of the run",
        "Did the results drift, and did the machine drift with them?",
        Stack(Axis("time of day, UTC" if clock is not None else "since the first repetition",
                   Unit.CLOCK if clock is not None else Unit.SECONDS), tuple(layers)),
        f"Each dot is the median over the processes (or windows) of 1/{PARTS} of the run's time, its bar their middle 80 %. "
        f"{units.whole(len(began))} processes. {_load_text(run.environment)} {machine}.",
        _table(layers),
        (),
        _says(whole, anchor),
    )


def _start(process: Process) -> float:
    return process.repetitions[0].started_at_ns / NS


def _typical(process: Process) -> float:
    return median(one.typical_ns for one in process.repetitions)


def _medians(processes: Iterable[Process]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for process in processes:
        if process.repetitions:
            found.setdefault(process.case.text, []).append(_typical(process))
    return {case: max(median(values), 1e-9) for case, values in found.items()}


def _clock(environment: Environment) -> float | None:
    """Seconds of the epoch less those of the clock that repetitions have; None where the run does not tell."""
    try:
        shift = (float(environment.start_text("clock", "realtime_s") or "")
                 - float(environment.start_text("clock", "monotonic_s") or ""))
    except ValueError:
        return None
    # Beyond year 9999 there is no time of day to write.
    return shift if math.isfinite(shift) and 0 <= shift < 2.5e11 else None


def _foreign(run: Run, shift: float) -> list[Moment]:
    starts = {(p.case.text, p.round): _start(p) + shift for p in run.processes if p.repetitions}
    return [(starts[key], 100 * row.foreign_share) for row in run.rows
            if row.foreign_share is not None and (key := (row.case.text, row.round)) in starts]


def _parts(moments: Sequence[Moment], began: Sequence[Process], shift: float, of: str = ANY) -> tuple[Point, ...]:
    if not moments:
        return ()
    first = min(_start(p) for p in began) + shift
    last = max(p.repetitions[-1].started_at_ns / NS for p in began) + shift
    width = max((last - first) / PARTS, 1e-9)
    found: dict[int, list[float]] = {}
    for at, value in moments:
        found.setdefault(min(max(int((at - first) / width), 0), PARTS - 1), []).append(value)
    points = []
    for part, values in sorted(found.items()):
        values.sort()
        tenth = len(values) // 10
        points.append(Point(first + (part + 0.5) * width,
                            Spread(median(values), values[tenth], values[-1 - tenth], len(values)), case=of))
    return tuple(points)


def _layer(title: str, points: tuple[Point, ...], y: Axis, log: bool = False) -> list[Layer]:
    return [Layer(Panel(title, (Series(title, 6, points),)), y, log)] if points else []


def _says(whole: Sequence[Point], anchor: Sequence[Point]) -> str:
    """Theil and Sen's slope over the parts, and how far results and anchor rise and fall together."""
    if len(whole) < FEWEST_PARTS:
        return "The run was too short to tell a drift from chance."
    times = [float(p.at) for p in whole]
    slope, _, low, high = stats.theilslopes([math.log(p.value.median) for p in whole], times, 0.95)
    span = times[-1] - times[0]
    change, least, most = (100 * math.expm1(one * span) for one in (slope, low, high))
    drifted = "drifted by" if least * most > 0 else "did not drift beyond chance:"
    text = (f"From its start to its end, typical times {drifted} {change:+.1f} % (95 % interval {least:+.1f} to {most:+.1f}; "
            f"Theil and Sen's slope over {len(whole)} parts of the run)")
    looks = {p.at: p.value.median for p in anchor}
    pairs = [(p.value.median, looks[p.at]) for p in whole if p.at in looks]
    if len(pairs) < FEWEST_PARTS or len({look for _, look in pairs}) < 2:
        return text + "."
    together = float(stats.spearmanr(*zip(*pairs)).statistic)
    how = "rise and fall with" if together > 0.5 else "hardly follow" if together < 0.2 else "partly follow"
    return f"{text}; they {how} the anchor (rank correlation {together:.2f})."


def _load_text(environment: Environment) -> str:
    ends = {(fact.group, fact.key): fact for fact in environment.end or () if not fact.unknown}
    parts = []
    for key, name in _LOAD:
        start = environment.start_text("load", key)
        end: Fact | None = ends.get(("load", key))
        if start is not None:
            parts.append(f"{name}: {_short(start)} at the start" + (f" and {_short(end.text)} at the end" if end else ""))
    return f"Recorded beside it: {'; '.join(parts)}." if parts else "Load, pressure and steal were not recorded."


def _short(text: str) -> str:
    """Numbers with as many digits as anybody reads."""
    return re.sub(r"\d+\.\d+", lambda found: f"{float(found.group()):.3g}", text)


def _table(layers: Sequence[Layer]) -> Table:
    rows = []
    for layer in layers:
        write: Callable[[float], str] = {Unit.TIME: units.time, Unit.PERCENT: lambda v: f"{v:.1f} %"}.get(
            layer.y.unit, lambda v: f"{v:.3f}")
        for one in layer.panel.series:
            thirds = [one.points[i * len(one.points) // 3:(i + 1) * len(one.points) // 3] for i in range(3)]
            texts = [write(median(p.value.median for p in third)) if third else "–" for third in thirds]
            name = one.name if one.name != layer.panel.title else "all"
            rows.append((layer.panel.title, name, *texts, write(max(p.value.high for p in one.points))))
    return Table(("quantity", "of", "first third", "second third", "last third", "highest"), 2, tuple(rows),
                 cases=tuple(one.points[0].case for layer in layers for one in layer.panel.series))
