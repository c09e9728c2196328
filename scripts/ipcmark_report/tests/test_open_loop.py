"""What the page says of latency at an offered rate."""

from pathlib import Path

from ipcmark_report.cells import cells_of
from ipcmark_report.load import load_run, parse_case
from ipcmark_report.model import Row
from ipcmark_report.run_page.nines import nines_figures
from ipcmark_report.run_page.open_loop import kept, open_loop_section, rate, saturated_from
from ipcmark_report.views import Drawing

from .synthetic import Synthetic


def at_rate(backend: str, offered: int, p99: float, number: int = 1, saturated: bool = False,
            service: float = 6000.0, placement: str = "same_core") -> Row:
    case = parse_case(f"open_loop/pipe/{backend}/size:64/rate:{offered}/placement:{placement}")
    assert case is not None
    return Row(case, "latency", number, "cpus 0", latency_ns_p50=5000.0, latency_ns_p99=p99, service_ns_p50=5000.0,
               service_ns_p99=service, omission_gap=p99 / service, offered_per_second=offered,
               achieved_per_second=offered * (0.5 if saturated else 1.0), saturated=float(saturated), samples=100.0)


def ladder(backend: str, first_saturated: int, placement: str = "same_core") -> list[Row]:
    return [at_rate(backend, offered, 9e7 if offered >= first_saturated else 7000.0 + offered,
                    saturated=offered >= first_saturated, placement=placement)
            for offered in (1000, 10_000, 100_000)]


def test_a_backend_is_kept_below_the_lowest_rate_that_it_could_not_keep() -> None:
    rows = ladder("pipe", 10_000)[:2] + [at_rate("pipe", 100_000, 8000.0)]
    cells = cells_of(rows)
    assert saturated_from(cells) == 10_000
    assert [rate(cell) for cell in kept(cells)] == [1000], "a luckier higher rate does not undo it"


def test_a_backend_is_judged_by_itself_and_at_its_placement() -> None:
    cells = cells_of([*ladder("pipe", 10_000, "cross_core"), *ladder("pipe", 10**9), *ladder("other", 10**9)])
    assert len(kept(cells)) == 1 + 3 + 3


def test_one_stalled_process_of_three_is_no_saturation() -> None:
    rows = [at_rate("pipe", 1000, 7000.0, number, saturated=number == 1) for number in (1, 2, 3)]
    assert saturated_from(cells_of(rows)) is None
    rows = [at_rate("pipe", 1000, 7000.0, number, saturated=number > 1) for number in (1, 2, 3)]
    assert saturated_from(cells_of(rows)) == 1000


def test_the_section_says_who_keeps_the_most_and_where_the_gap_is_widest() -> None:
    rows = [*ladder("fast", 10**9), *ladder("slow", 10_000), *ladder("none", 1)]
    against_rate, gap, *_ = open_loop_section(cells_of(rows), "m").figures
    assert against_rate.says == (
        "At same_core fast keeps 100 k messages/s with a p99 of 107 µs; none cannot keep the lowest rate.")
    assert gap.says == ("Below saturation the gap is widest for fast at same_core and 100 k messages/s: "
                        "p99 is 6.00 µs in service and 107 µs in response.")
    against_rate = open_loop_section(cells_of(ladder("none", 1)), "m").figures[0]
    assert against_rate.says == "At same_core no backend keeps any of the offered rates."


def test_lines_end_at_the_knee_and_the_achieved_share_goes_on() -> None:
    figure = open_loop_section(cells_of(ladder("pipe", 100_000)), "m").figures[0]
    assert isinstance(figure.drawing, Drawing)
    (panel,) = figure.drawing.panels
    assert [point.at for point in panel.series[0].points] == [1000.0, 10_000.0]
    assert [point.value.median for point in panel.lanes[0].series[0].points] == [1.0, 1.0, 0.5]
    assert len(figure.table.rows) == 3, "the table has all rates"


def test_response_stands_beside_service_up_to_the_saturated_ground() -> None:
    split = open_loop_section(cells_of(ladder("pipe", 100_000)), "m").figures[2]
    assert isinstance(split.drawing, Drawing)
    (panel,) = split.drawing.panels
    assert [series.name for series in panel.series] == ["response p50", "service p50", "response p99", "service p99"]
    assert panel.void_from == 100_000
    assert panel.title == "pipe, same_core, saturated at 100 k messages/s"


def test_service_distributions_are_not_taken_for_the_rows_own(tmp_path: Path) -> None:
    run = load_run(Synthetic(rounds=1, measures=("latency", "open_loop")).write(tmp_path / "run"))
    of_rates = [h for h in run.histograms if h.case.measure == "open_loop"]
    assert len(of_rates) == 2 * len({h.case.text for h in of_rates})
    assert {h.series for h in of_rates} == {"", "service"}
    assert nines_figures(cells_of(run.rows), run.histograms, "m")


def test_a_run_without_rates_says_so() -> None:
    section = open_loop_section((), "m")
    assert section.figures == () and "open-loop" in section.empty
