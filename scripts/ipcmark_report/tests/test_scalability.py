"""The universal scalability law, and the shares of peers."""

import math
from dataclasses import replace

import pytest

from ipcmark_report.run_page import usl
from ipcmark_report.cells import Cell, cells_of
from ipcmark_report.run_page.fairness import fairness_figure
from ipcmark_report.load import parse_case
from ipcmark_report.model import Process, Repetition, Row
from ipcmark_report.run_page.scalability import fits_of, says
from ipcmark_report.run_page.usl import Usl
from ipcmark_report.views import Strip

PEERS = (1, 2, 4, 8, 16)


def contended(backend: str, peers: int, rate: float) -> Row:
    case = parse_case(f"contention/semaphore/{backend}/hold_ns:0/processes:{peers}/placement:cross_core")
    assert case is not None
    return Row(case, "contention", 1, operations_per_second=rate)


@pytest.mark.parametrize("law", [Usl(1e6, 0.1, 0.01), Usl(2.5e7, 0.9, 0.0), Usl(3e3, 0.0, 0.05), Usl(1e6, 0.0, 0.0)])
def test_a_law_is_found_again_from_its_rates(law: Usl) -> None:
    found = usl.fit(PEERS, [law.rate(n) for n in PEERS])
    assert found is not None
    assert (found.one, found.contention, found.crosstalk) == (
        pytest.approx(law.one, rel=1e-3), pytest.approx(law.contention, abs=1e-3), pytest.approx(law.crosstalk, abs=1e-4))


def test_the_peak_is_where_the_rate_is_highest() -> None:
    law = Usl(1e6, 0.05, 0.02)
    assert law.peak == pytest.approx(math.sqrt(0.95 / 0.02))
    assert law.rate(law.peak) > max(law.rate(law.peak - 0.5), law.rate(law.peak + 0.5))
    assert math.isinf(Usl(1, 0.5, 0).peak) and Usl(1, 1.2, 0.1).peak == 1.0


def test_three_points_are_too_few_and_a_rate_of_nothing_is_none() -> None:
    assert usl.fit((1, 2, 4), (1.0, 2.0, 3.0)) is None
    assert usl.fit(PEERS, (1.0, 1.0, 1.0, 1.0, 0.0)) is None


def test_the_sentence_names_who_does_most_and_the_end_of_its_growth() -> None:
    fast, slow = Usl(1e6, 0.05, 0.02), Usl(1e5, 0.9, 0.2)
    cells = cells_of([contended(name, n, law.rate(n)) for name, law in (("fast", fast), ("slow", slow)) for n in PEERS])
    fits = fits_of(cells, lambda row: row.operations_per_second)
    text = says(cells, lambda row: row.operations_per_second, fits)
    assert text.startswith("At cross_core, fast does most with 16 processes, ") and "more than 7 only slow it down" in text
    assert text.endswith("1 of 2 fitted curves gain anything from a second process.")


def peers(cell: Cell, *counts: tuple[float, ...]) -> Process:
    window = Repetition(0.0, 1.0, 0.0, 0.0)
    return Process(cell.case, 1, tuple(replace(window, peer_operations=one) for one in counts), ())


def test_a_starved_peer_is_seen_and_named() -> None:
    cells = cells_of([contended("fair", 4, 1e6), contended("greedy", 4, 1e6), contended("fair", 1, 1e6)])
    fair, greedy, _ = cells
    figure = fairness_figure(cells, {
        fair.case.text: [peers(fair, (10, 10, 10, 10), (12, 12, 12, 12))],
        greedy.case.text: [peers(greedy, (40, 40, 40, 0), (40, 40, 40, 0))]}, "semaphore", "a machine", "fairness-0")
    assert figure is not None and isinstance(figure.drawing, Strip)
    assert figure.says == ("In 1 of 2 cases some peer got less than half of a fair share; the least, 0.00 of it, got a peer of "
                           "greedy at cross_core.")
    (series,) = figure.drawing.panels[0].series
    assert {(p.at, p.value.median) for p in series.points} == {("fair", 1.0), ("greedy", 0.0), ("greedy", 1.34)}


def test_without_counts_of_peers_there_is_no_figure() -> None:
    cells = cells_of([contended("fair", 4, 1e6)])
    assert fairness_figure(cells, {}, "semaphore", "a machine", "fairness-0") is None
    alone = cells_of([contended("fair", 1, 1e6)])
    assert fairness_figure(alone, {alone[0].case.text: [peers(alone[0], (5,))]}, "s", "m", "f") is None
