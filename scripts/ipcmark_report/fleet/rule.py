"""Which hosts measure otherwise than those that are alike: pure functions over a table of hosts and cases.

Each host is held against the others without it: their median, and the root mean square of the nearer three quarters of their
deviations from it, which a few odd ones cannot widen. A few values say little of their own spread, so it is moderated over the
cases (Smyth 2004), with what the processes and runs of a single host differ
by as the measure of how much is to be expected. What a host does in all cases, its level, is taken out first and judged by
itself: otherwise one slow host would be as many findings as there are cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import digamma, polygamma
from scipy.stats import t as student

from ..compare.discovery import ALPHA, q_values

# With fewer hosts beside it nobody can say which of them is the odd one.
LEAST_HOSTS = 6
# As a comparison without a self-test: a smaller difference is none.
THRESHOLD = 0.02
# Of more values than this what a deviation is worth grows with their number.
MANY = 60
_DRAWS = 4000
_MOST_FREEDOM = 1e3


@dataclass(frozen=True)
class Judged:
    """Of hosts (rows) and cases (columns), in logarithms: `centre` of each case, `level` of each host over all cases,
    `apart` of each field from the centre. The p are of one host's level and of one field (its level taken out), without
    regard to the others; nan where nothing is known."""

    centre: np.ndarray
    level: np.ndarray
    level_p: np.ndarray
    apart: np.ndarray
    p: np.ndarray


@dataclass(frozen=True)
class Named:
    """Which hosts are named, by the false discovery rate `q` over all hosts; by their level, by fields, or both."""

    q: np.ndarray
    by_level: np.ndarray
    fields: np.ndarray

    @property
    def hosts(self) -> np.ndarray:
        return self.by_level | self.fields.any(axis=1)


def judge(values: np.ndarray, errors: np.ndarray, level_errors: np.ndarray | None = None) -> Judged:
    """`values` are logarithms, a row a host, a column a case, nan where not measured; `errors` how much each would differ
    if the same host measured it again, nan where unknown. `level_errors` is the same of the host's level."""
    centre = _over(np.nanmedian, values, 0)
    apart = values - centre
    level = _over(np.nanmedian, apart, 1)
    known = np.zeros(len(level)) if level_errors is None else np.nan_to_num(level_errors)
    return Judged(centre, level, _level_p(level, known), apart, _field_p(apart - level[:, None], errors))


def name(parts: Sequence[Judged], threshold: float = THRESHOLD) -> list[Named]:
    """Of each part (hosts that are alike) the hosts that chance does not explain. A host has one p: the smaller of its
    level's and of its fields' (Simes), doubled. These are corrected over the hosts of all parts together (Benjamini and
    Hochberg), and what is told of a named host has to be as rare as naming it was (Benjamini and Bogomolov 2014)."""
    fields = [[_corrected(row) for row in part.p] for part in parts]
    of_hosts = [np.array([_host_p(level, own) for level, own in zip(part.level_p, rows)])
                for part, rows in zip(parts, fields)]
    q = _corrected(np.concatenate(of_hosts)) if parts else np.zeros(0)
    known = np.isfinite(q)
    share = ALPHA * (q[known] < ALPHA).sum() / max(known.sum(), 1) / 2
    least, result, begin = np.log1p(threshold), [], 0
    for part, rows in zip(parts, fields):
        own = q[begin:begin + len(rows)]
        begin += len(rows)
        chosen = own < ALPHA
        table = np.array(rows).reshape(part.p.shape)
        result.append(Named(own, chosen & (part.level_p <= share) & (np.abs(part.level) > least),
                            chosen[:, None] & (table <= share) & (np.abs(part.apart) > least)))
    return result


def _host_p(level: float, fields: np.ndarray) -> float:
    """nan where nothing of the host is known."""
    known = [p for p in (level, *fields[np.isfinite(fields)]) if np.isfinite(p)]
    return min(1.0, 2 * min(known)) if known else np.nan


def _corrected(p: np.ndarray) -> np.ndarray:
    """q of every p that is known, over all of them; the least of them is Simes' p of them all."""
    q = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    q[known] = q_values(p[known].tolist())
    return q


def _over(reduce: object, table: np.ndarray, axis: int) -> np.ndarray:
    """nan, without a warning, where a row or column has nothing."""
    empty = ~np.isfinite(table).any(axis=axis)
    filled = np.where(np.expand_dims(empty, axis), 0.0, table)
    result = reduce(filled, axis=axis)  # type: ignore[operator]
    result[empty] = np.nan
    return result


def _level_p(level: np.ndarray, errors: np.ndarray) -> np.ndarray:
    known = np.isfinite(level)
    p = np.full(level.shape, np.nan)
    if known.sum() < LEAST_HOSTS:
        return p
    own = level[known]
    middle, apart_by = without_each(own)
    freedom, factor = of_deviation(len(own) - 1)
    spread = np.maximum(apart_by**2 * factor, errors[known] ** 2)
    p[known] = _two_sided(own - middle, spread * _middle_error(len(own) - 1), freedom)
    return p


def _field_p(apart: np.ndarray, errors: np.ndarray) -> np.ndarray:
    p = np.full(apart.shape, np.nan)
    columns = [index for index in range(apart.shape[1]) if np.isfinite(apart[:, index]).sum() >= LEAST_HOSTS]
    if not columns:
        return p
    pooled = np.sqrt(_over(np.nanmedian, errors**2, 0))
    expected = np.array([pooled[c] if np.isfinite(pooled[c]) and pooled[c] > 0 else 1.0 for c in columns])
    prior, prior_freedom = _prior(apart[:, columns], expected)
    for at, column in enumerate(columns):
        rows = np.isfinite(apart[:, column])
        own = apart[rows, column]
        middle, apart_by = without_each(own)
        freedom, factor = of_deviation(len(own) - 1)
        spread = (prior_freedom * prior * expected[at] ** 2 + freedom * apart_by**2 * factor) / (prior_freedom + freedom)
        # A host that differs from itself by more than the others do is only as sure as that.
        beyond = np.clip(np.nan_to_num(errors[rows, column]) ** 2 - expected[at] ** 2, 0, None)
        p[rows, column] = _two_sided(own - middle, spread * _middle_error(len(own) - 1) + beyond,
                                     prior_freedom + freedom)
    return p


def _middle_error(others: int) -> float:
    """By how much the variance of a value less the median of the others is that of the value alone."""
    return 1 + np.pi / 2 / others


def _two_sided(difference: np.ndarray, variance: np.ndarray, freedom: float) -> np.ndarray:
    # Hosts that agree to the last digit would divide by nothing.
    return 2 * student.sf(np.abs(difference) / np.sqrt(np.maximum(variance, 1e-18)), freedom)


def _prior(apart: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """How many times the expected variance that between hosts is, and how many degrees of freedom it is worth to know
    that: few where the cases differ in it, many where they are alike (Smyth's estimate by moments of the logarithm)."""
    logs, chances = [], []
    for column, one in zip(apart.T, expected):
        own = column[np.isfinite(column)]
        square = float(deviation(own)) ** 2
        freedom, factor = of_deviation(len(own))
        if square > 0:
            logs.append(np.log(square * factor / one**2) - digamma(freedom / 2) + np.log(freedom / 2))
            chances.append(polygamma(1, freedom / 2))
    if len(logs) < 2:
        return 1.0, 0.0
    beyond = float(np.var(logs, ddof=1) - np.mean(chances))
    if beyond <= polygamma(1, _MOST_FREEDOM / 2):
        return float(np.exp(np.mean(logs))), _MOST_FREEDOM
    freedom = 2 * _inverse_trigamma(beyond)
    return float(np.exp(np.mean(logs) + digamma(freedom / 2) - np.log(freedom / 2))), freedom


def without_each(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each value the median of all the others, and deviation() of these from it. There are at most three such medians, so
    that sorting once is enough."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    middle = _medians_without(ordered)
    squares = np.empty(len(values))
    for centre in np.unique(middle):
        far = (ordered - centre) ** 2
        ranks = np.argsort(far, kind="stable")
        without = np.empty(len(values))
        without[ranks] = _means_without(far[ranks])
        own = middle == centre
        squares[own] = without[own]
    back = np.empty(len(values), dtype=int)
    back[order] = np.arange(len(values))
    return middle[back], np.sqrt(squares)[back]


def deviation(values: np.ndarray) -> np.ndarray:
    """The root mean square of the nearer three quarters of the deviations from the median, along the last axis."""
    far = (values - np.median(values, axis=-1, keepdims=True)) ** 2
    nearer = _nearer(values.shape[-1])
    return np.asarray(np.sqrt(np.partition(far, nearer - 1, axis=-1)[..., :nearer].mean(axis=-1)))


def _nearer(count: int) -> int:
    return count - count // 4


def _medians_without(ordered: np.ndarray) -> np.ndarray:
    """The median of sorted values without each of them in turn."""
    count = len(ordered)
    place = np.arange(count)
    low, high = (count - 2) // 2, (count - 1) // 2
    return (ordered[low + (place <= low)] + ordered[high + (place <= high)]) / 2


def _means_without(ordered: np.ndarray) -> np.ndarray:
    """The mean of the nearer three quarters of sorted values without each of them in turn."""
    nearer = _nearer(len(ordered) - 1)
    whole = ordered[:nearer].sum()
    # One that is among the nearest makes room for the next.
    return (whole + np.where(np.arange(len(ordered)) < nearer, ordered[nearer] - ordered, 0.0)) / nearer


@lru_cache(maxsize=1024)
def of_deviation(count: int) -> tuple[float, float]:
    """Of the deviation() of so many normal values: how many degrees of freedom its square has, as if it were a variance, and by
    what the square is to be multiplied to be one. Both from the mean and the variance of its logarithm, which are counted, by
    chance that is the same every time."""
    if count > MANY:
        freedom, factor = of_deviation(MANY)
        return freedom * count / MANY, factor
    logs = 2 * np.log(deviation(np.random.default_rng(count).standard_normal((_DRAWS, count))))
    freedom = 2 * _inverse_trigamma(float(logs.var()))
    return freedom, float(np.exp(digamma(freedom / 2) - np.log(freedom / 2) - logs.mean()))


def _inverse_trigamma(value: float) -> float:
    """By Newton's method on 1 / trigamma, which is nearly straight (as in Smyth 2004)."""
    at = 0.5 + 1 / value
    for _ in range(50):
        slope = polygamma(1, at) * (1 - polygamma(1, at) / value) / polygamma(2, at)
        at += slope
        if abs(slope) < 1e-10 * at:
            break
    return float(at)
