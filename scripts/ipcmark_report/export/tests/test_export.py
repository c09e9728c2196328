"""The command as a whole: what each format holds, and what is refused."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ipcmark_report.export.__main__ import FORMATS, main
from ipcmark_report.tests.synthetic import Synthetic, failed_row, put, row

SCRIPT = Path(__file__).resolve().parents[3] / "export"
PIPE = "latency/pipe/pipe/size:64/placement:same_core"
HOSTILE = 'latency/pipe/=cmd|\'/size:"a\\b"/placement:\x1b[31m'


def small(**fields: object) -> Synthetic:
    return Synthetic(**{"measures": ("latency",), "binaries": ("latency",), "placements": ("same_core",), **fields})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    extra = [failed_row("latency/pipe/bad/size:64/placement:same_core", "boom"),
             row("latency/pipe/nan/size:64/placement:same_core", float("nan"), {"latency_ns_p50": 1.0}),
             row("latency/pipe/stalled/size:64/placement:same_core", 7.0, {"latency_ns_p50": 7.0, "comparable": 0}),
             row(HOSTILE, 7.0, {"latency_ns_p50": 7.0})]
    return small(extra_rows={"latency": extra}).write(tmp_path_factory.mktemp("export") / "run")


def exported(run: Path, to: str, tmp_path: Path, *more: str) -> str:
    out = tmp_path / "out"
    assert main([str(run), "--to", to, "--out", str(out), *more]) == 0
    return out.read_text(encoding="utf-8")


def test_google_rows_are_one_a_process_and_figure(run: Path, tmp_path: Path) -> None:
    file = json.loads(exported(run, "google", tmp_path))
    rows = [r for r in file["benchmarks"] if r["name"].startswith(PIPE)]
    assert [r["name"].removeprefix(PIPE + "/") for r in rows] == ["quiet"] * 3 + ["typical"] * 3 + ["p99"] * 3
    assert [r["repetition_index"] for r in rows] == [0, 1, 2] * 3
    assert all(r["run_type"] == "iteration" and r["real_time"] > 0 and r["cpu_time"] > 0 for r in file["benchmarks"])


@pytest.mark.parametrize("to", ["google", "bmf", "customSmallerIsBetter", "prometheus"])
def test_what_cannot_be_compared_is_left_out_and_counted(
    run: Path, to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = exported(run, to, tmp_path, "--filter", "^latency/pipe/[^=]")
    assert not any(word in text for word in ("pipe/bad", "pipe/nan", "pipe/stalled", "NaN", "Infinity", "boom"))
    says = capsys.readouterr().err
    assert says == "export: left out: 3 processes that are not comparable, 6 processes that failed\n"


def test_bmf_has_the_median_between_the_processes(run: Path, tmp_path: Path) -> None:
    measures = json.loads(exported(run, "bmf", tmp_path))[PIPE]
    assert list(measures) == ["quiet-ns", "typical-ns", "tail-ns"]
    assert all(m["lower_value"] <= m["value"] <= m["upper_value"] for m in measures.values())
    assert measures["quiet-ns"]["lower_value"] < measures["quiet-ns"]["value"] < measures["quiet-ns"]["upper_value"]


def test_custom_smaller_is_better_entries_name_case_unit_and_value(run: Path, tmp_path: Path) -> None:
    entries = json.loads(exported(run, "customSmallerIsBetter", tmp_path, "--filter", PIPE))
    assert [entry["name"] for entry in entries] == [f"{PIPE}/{name}" for name in ("quiet", "typical", "tail")]
    assert all(set(e) == {"name", "unit", "value", "range", "extra"} and e["unit"] == "ns" for e in entries)
    assert entries[0]["extra"].startswith("median of 3 processes\ntestbox")


def test_csv_is_tidy_and_keeps_what_comparisons_leave_out(run: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(run, "csv", tmp_path))))
    mine = [r for r in rows if r["case"] == PIPE]
    assert len({(r["process"], r["quantity"]) for r in mine}) == len(mine)
    assert {r["parameter_size_bytes"] for r in mine} == {"64"} and {r["placement"] for r in mine} == {"same_core"}
    assert {"quiet_ns", "real_time_ns", "cpu_ns_per_operation", "latency_ns_p99"} <= {r["quantity"] for r in mine}
    assert [r["value"] for r in rows if r["backend"] == "stalled" and r["quantity"] == "comparable"] == ["0.0"] * 3
    assert all(float(r["value"]) == float(r["value"]) for r in rows)


def test_csv_text_is_no_formula_for_a_spreadsheet(run: Path, tmp_path: Path) -> None:
    text = exported(run, "csv", tmp_path)
    assert "\x1b" not in text
    backends = {r["backend"] for r in csv.DictReader(io.StringIO(text))}
    assert "'=cmd|'" in backends and not any(b.startswith("=") for b in backends)


def test_no_format_lets_control_characters_through(run: Path, tmp_path: Path) -> None:
    for to in set(FORMATS) - {"hgrm"}:
        assert not any(c < " " and c != "\n" for c in exported(run, to, tmp_path))


def test_nothing_is_written_where_nothing_is_left(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([str(run), "--to", "bmf", "--out", str(out), "--filter", "pipe/(bad|stalled)"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "3 processes that failed" in lines[0] and "no results" in lines[0]
    assert not out.exists()


def test_a_partial_run_is_exported_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    partial = small(status="partial", rounds=1).write(tmp_path / "run")
    exported(partial, "prometheus", tmp_path)
    assert capsys.readouterr().err == "export: the run is partial: it did not reach its end\n"


def test_planned_cases_without_a_result_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = small(rounds=1).write(tmp_path / "run")
    record = json.loads((made / "run.json").read_text())
    put(made / "run.json", {**record, "cases": [*record["cases"], "latency/pipe/gone/placement:same_core"]})
    exported(made, "bmf", tmp_path)
    assert capsys.readouterr().err == "export: left out: 1 planned cases without a result\n"


def test_an_unwritable_place_leaves_nothing_behind(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for to in ("bmf", "hgrm"):
        assert main([str(run), "--to", to, "--out", str(tmp_path / "no" / "where")]) == 2
        assert "cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments, words", [
    (["--to", "xml"], "invalid choice"), (["--to", "bmf", "--filter", "("], "no regular expression"),
    (["--to", "hgrm"], "name a new directory"), ([], "--to"),
])
def test_bad_arguments_get_one_line(
    run: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main([str(run), *arguments])
    except SystemExit as left:
        status = left.code
    lines = capsys.readouterr().err.splitlines()
    assert status == 2 and len(lines) == 1 and words in lines[0] and lines[0].startswith("export: ")


def test_the_script_writes_to_a_pipe_whose_reader_leaves(run: Path) -> None:
    pipeline = f'"{SCRIPT}" "$1" --to csv --filter "pipe/pipe/" | head -1; echo "${{PIPESTATUS[0]}}"'
    ended = subprocess.run(["bash", "-c", pipeline, "-", str(run)], capture_output=True, text=True,
                           env={**os.environ, "IPCMARK_PYTHON": sys.executable})
    head, status = ended.stdout.splitlines()
    assert head.startswith("case,measure,") and status == "0" and ended.stderr == ""
