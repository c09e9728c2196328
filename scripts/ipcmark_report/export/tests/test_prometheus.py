"""The text for Prometheus: its syntax, its labels, and that no sample comes twice."""

import re
from pathlib import Path

import pytest

from ipcmark_report.export import prometheus
from ipcmark_report.export.__main__ import main
from ipcmark_report.tests.synthetic import Synthetic, row

SAMPLE = re.compile(r'[a-z_]+(\{([a-z_0-9]+="([^"\\\n]|\\["\\n])*",?)*\})? [0-9.e+-]+')


def made(tmp_path: Path, *names: str, **fields: object) -> str:
    extra = {"latency": [row(name, 7.5, {"latency_ns_p50": 7.5}) for name in names]}
    run = Synthetic(measures=(), binaries=("latency",), rounds=2, extra_rows=extra, **fields).write(tmp_path / "run")
    assert main([str(run), "--to", "prometheus", "--out", str(tmp_path / "out.prom")]) == 0
    return (tmp_path / "out.prom").read_text(encoding="utf-8")


def test_a_sample_a_case_and_estimator_with_its_parameters_as_labels(tmp_path: Path) -> None:
    text = made(tmp_path, "open_loop/pipe/pipe/size:64/rate:1000/placement:same_core")
    assert ('ipcmark_operation_seconds{estimator="typical",measure="open_loop",noun="pipe",backend="pipe",'
            'placement="same_core",size="64",rate="1000"} 7.5e-09\n') in text
    assert "ipcmark_run_start_time_seconds 1714557600.0\n" in text


def test_every_line_is_a_comment_or_a_sample_and_none_comes_twice(tmp_path: Path) -> None:
    lines = made(tmp_path, "latency/pipe/a\\b\"c\nd/size:64/placement:x", "latency/pipe/NaN/placement:y").splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    names = [line.rpartition(" ")[0] for line in samples]
    assert len(set(names)) == len(names)
    helps = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    assert helps == [line.split()[2] for line in lines if line.startswith("# TYPE ") and line.endswith(" gauge")]


@pytest.mark.parametrize("parameter", ["measure:x", "1st:x", "__a:x", "a-b:x", "size:1/size:2"])
def test_a_case_whose_parameters_cannot_be_labels_is_left_out(
    parameter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = made(tmp_path, f"latency/pipe/odd/{parameter}/placement:x", "latency/pipe/fine/placement:x")
    assert "odd" not in text and "fine" in text
    assert "2 figures whose parameters cannot be labels" in capsys.readouterr().err


def test_label_values_are_escaped() -> None:
    assert prometheus.labels({"a": 'x"y\\z\n'}) == '{a="x\\"y\\\\z\\\\n"}'
