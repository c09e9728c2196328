"""The library's own compare.py reads the export and finds the change that was put in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.export.__main__ import main
from ipcmark_report.tests.synthetic import Synthetic, put

COMPARE = Path("/usr/share/benchmark/compare.py")
SLOWER = "latency/pipe/pipe/size:64/placement:same_core"


def exported(tmp_path: Path, name: str, factor: float) -> Path:
    """A run whose times of one case are longer by the factor."""
    made = Synthetic(measures=("latency",), binaries=("latency",), placements=("same_core",), rounds=10)
    run = made.write(tmp_path / name)
    for file in run.glob("latency.*[0-9].json"):
        record = json.loads(file.read_text())
        for row in record["benchmarks"]:
            if row["name"].startswith(SLOWER):
                times = [key for key in row if key.endswith("_ns") or key == "real_time" or "_ns_p" in key]
                row |= {key: row[key] * factor for key in times}
        put(file, record)
    out = tmp_path / f"{name}.json"
    assert main([str(run), "--to", "google", "--out", str(out)]) == 0
    return out


@pytest.mark.skipif(not COMPARE.exists(), reason="libbenchmark-tools is not installed: there is no compare.py")
def test_compare_py_finds_the_ten_per_cent_that_were_put_in_and_nothing_else(tmp_path: Path) -> None:
    base, new, dump = exported(tmp_path, "base", 1.0), exported(tmp_path, "new", 1.1), tmp_path / "dump.json"
    ended = subprocess.run([sys.executable, str(COMPARE), "-d", str(dump), "benchmarks", str(base), str(new)],
                           capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = {entry["name"]: entry for entry in json.loads(dump.read_text())}
    for figure in ("quiet", "typical", "p99"):
        entry = found.pop(f"{SLOWER}/{figure}")
        assert entry["utest"]["have_optimal_repetitions"] and entry["utest"]["time_pvalue"] < 0.05
        assert [m["time"] for m in entry["measurements"]] == pytest.approx([0.1] * 10)
    assert found.pop("OVERALL_GEOMEAN")
    assert len(found) > 20 and all(entry["utest"]["time_pvalue"] > 0.99 for entry in found.values())
