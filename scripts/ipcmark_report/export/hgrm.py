"""The percentile text of HdrHistogram, a file a case over all its processes, for its plotter and others like it.

The columns, their widths and the three lines of the footer are those of `outputPercentileDistribution`
(github.com/HdrHistogram/HdrHistogram, AbstractHistogram.java; GoogleChartsExample/example1.txt is one such file);
the plotter (plotFiles.html there) takes lines of four fields that do not begin with `#`.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from math import ceil, floor, log2, sqrt

from ..estimates import Estimate, Selection
from ..model import Histogram, Run

TICKS = 5  # rows between two halvings of the distance to 100 %, HdrHistogram's own default
# The layout of our histograms: 3 significant digits up to 2^40 ns.
SUB_BUCKETS, BUCKETS = 2048, 30
LONGEST_NAME = 200


def files(run: Run, selection: Selection) -> dict[str, str]:
    """The text of each file by its name."""
    wanted = {(row.case.text, row.round) for row in selection.rows}
    grouped: dict[tuple[str, str], list[Histogram]] = {}
    for histogram in run.histograms:
        if (histogram.case.text, histogram.round) in wanted:
            grouped.setdefault((histogram.case.text, histogram.series), []).append(histogram)
    return {file_name(*key): distribution(group) for key, group in grouped.items()}


def without_distribution(run: Run, selection: Selection) -> Selection:
    """Leaves out the cases whose operations were counted and not timed one by one."""
    timed = {histogram.case.text for histogram in run.histograms}
    counted: dict[str, Estimate] = {e.case.text: e for e in selection.estimates if e.case.text not in timed}
    return selection.without(counted.values(), "cases without a distribution")


def file_name(case: str, series: str = "") -> str:
    """A name that is safe everywhere, the same for the same case, and another for another case."""
    readable = re.sub(r"[^A-Za-z0-9_/:-]", "_", case)
    stem = readable.replace("/", ".").replace(":", "=").lstrip(".-") or "case"
    if readable != case or len(stem) > LONGEST_NAME or case[:1] in "/:-":
        stem = f"{stem[:LONGEST_NAME]}-{hashlib.sha256(case.encode()).hexdigest()[:12]}"
    part = re.sub(r"[^A-Za-z0-9_]", "_", series)[:40]
    return f"{stem}.{part}.hgrm" if part else f"{stem}.hgrm"


def distribution(histograms: Iterable[Histogram]) -> str:
    """All samples of the histograms as one percentile distribution, ns an operation."""
    counts, middles = _merged(histograms)
    values = sorted(counts)
    cumulative = list(accumulate(counts[value] for value in values))
    total = cumulative[-1]
    lines = [f"{'Value':>12} {'Percentile':>12} {'TotalCount':>12} {'1/(1-Percentile)':>12}", ""]
    for share, index in percentile_rows(cumulative):
        beyond = f"{1 / (1 - share):12.2f}" if share < 1 else f"{'inf':>12}"
        lines.append(f"{values[index]:12.3f} {share:2.12f} {cumulative[index]:12d} {beyond}")
    mean = sum(counts[value] * middles[value] for value in values) / total
    deviation = sqrt(sum(counts[value] * (middles[value] - mean) ** 2 for value in values) / total)
    return "\n".join([
        *lines,
        f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]",
        f"#[Max     = {values[-1]:12.3f}, Total count    = {total:12d}]",
        f"#[Buckets = {BUCKETS:12d}, SubBuckets     = {SUB_BUCKETS:12d}]", "",
    ])


def percentile_rows(cumulative: Sequence[int]) -> Iterator[tuple[float, int]]:
    """The levels of HdrHistogram's percentile iterator, each with the bucket that reaches it; the last is 100 %."""
    total, halvings = cumulative[-1], 0
    while True:
        for tick in range(TICKS):
            share = 1 - 0.5**halvings * (1 - tick / (2 * TICKS))
            # Rounding must not push an exact rank one sample up.
            index = bisect_left(cumulative, max(1, ceil(share * total - 1e-9)))
            yield share, index
            if cumulative[index] == total:
                yield 1.0, index
                return
        halvings += 1


def _merged(histograms: Iterable[Histogram]) -> tuple[dict[float, int], dict[float, float]]:
    """The samples by their value, and the middle of the bucket that each value closes; ns an operation."""
    counts: dict[float, int] = {}
    middles: dict[float, float] = {}
    for histogram in histograms:
        batch = histogram.operations_per_sample
        for value, count in zip(histogram.values, histogram.counts):
            counts[value / batch] = counts.get(value / batch, 0) + count
            middles[value / batch] = _middle(value) / batch
    return counts, middles


def _middle(highest: float) -> float:
    """As HdrHistogram reckons its mean: buckets are 1 wide below SUB_BUCKETS, then twice as wide at each doubling."""
    width = 2.0 ** max(0, floor(log2(highest)) - floor(log2(SUB_BUCKETS)) + 1) if highest >= 1 else 1.0
    return highest - width + 1 + width // 2
