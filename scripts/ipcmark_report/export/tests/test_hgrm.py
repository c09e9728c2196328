"""The percentile files: their numbers, their totals and their names."""

from array import array
from pathlib import Path

from ipcmark_report.export import hgrm
from ipcmark_report.export.__main__ import main
from ipcmark_report.load import load_run, parse_case
from ipcmark_report.model import Histogram
from ipcmark_report.tests.synthetic import Synthetic


def of(values: list[float], counts: list[int], batch: float = 1.0) -> Histogram:
    case = parse_case("latency/pipe/pipe/size:64/placement:same_core")
    assert case is not None
    return Histogram(case, 1, batch, array("d", values), array("q", counts))


def rows_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[2:] if not line.startswith("#")]


def test_levels_are_those_of_hdrhistogram() -> None:
    levels = [share for share, _ in hgrm.percentile_rows(range(1, 17))]
    assert [round(level, 6) for level in levels] == [
        0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.775, 0.8, 0.825, 0.85, 0.875, 0.8875, 0.9,
        0.9125, 0.925, 0.9375, 0.94375, 1.0]


def test_a_distribution_of_two_values_is_written_as_hdrhistogram_does() -> None:
    assert hgrm.distribution([of([100, 200], [1, 1])]) == """\
       Value   Percentile   TotalCount 1/(1-Percentile)

     100.000 0.000000000000            1         1.00
     100.000 0.100000000000            1         1.11
     100.000 0.200000000000            1         1.25
     100.000 0.300000000000            1         1.43
     100.000 0.400000000000            1         1.67
     100.000 0.500000000000            1         2.00
     200.000 0.550000000000            2         2.22
     200.000 1.000000000000            2          inf
#[Mean    =      150.000, StdDeviation   =       50.000]
#[Max     =      200.000, Total count    =            2]
#[Buckets =           30, SubBuckets     =         2048]
"""


def test_processes_are_merged_also_where_they_time_other_numbers_of_operations() -> None:
    rows = rows_of(hgrm.distribution([of([100, 200], [3, 1]), of([400], [4], batch=4)]))
    assert (rows[0][:3], rows[-1]) == (["100.000", "0.000000000000", "7"], ["200.000", "1.000000000000", "8", "inf"])


def test_the_mean_takes_the_middle_of_a_bucket() -> None:
    assert "Mean    =     4098.000," in hgrm.distribution([of([4099], [5])])


def test_files_hold_every_sample_of_the_run(tmp_path: Path) -> None:
    run = Synthetic(measures=("latency", "open_loop"), binaries=("latency",)).write(tmp_path / "run")
    assert main([str(run), "--to", "hgrm", "--out", str(tmp_path / "out")]) == 0
    expected: dict[str, int] = {}
    for histogram in load_run(run).histograms:
        name = hgrm.file_name(histogram.case.text, histogram.series)
        expected[name] = expected.get(name, 0) + sum(histogram.counts)
    found = {}
    for file in (tmp_path / "out").iterdir():
        text = file.read_text()
        found[file.name] = int(rows_of(text)[-1][2])
        assert f"Total count    = {found[file.name]:12d}]" in text
    assert found == expected and len(found) > 20


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    run = Synthetic(measures=("latency",), binaries=("latency",), rounds=1).write(tmp_path / "run")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")
    assert main([str(run), "--to", "hgrm", "--out", str(tmp_path / "out")]) == 2
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine"]


def test_file_names_are_safe_stable_and_one_a_case() -> None:
    names = ["latency/pipe/pipe/size:64/placement:same_core", "a/b/c", "a/b/c/d:1", "a.b/c/d", "a/b.c/d", "a/b/c=d",
             "a/b/c d", "a/b/c_d", "../../etc/passwd", "-rf/b/c", "rf/b/c", "é/b/c", "x/" + "y" * 400 + "/z",
             "x/" + "y" * 401 + "/z"]
    files = [hgrm.file_name(name) for name in names]
    assert files[0] == "latency.pipe.pipe.size=64.placement=same_core.hgrm"
    assert len(set(files)) == len(names)
    assert all(f.isascii() and "/" not in f and f[0] not in ".-" and len(f) < 256 for f in files)
    assert hgrm.file_name(names[0], "service") == "latency.pipe.pipe.size=64.placement=same_core.service.hgrm"
