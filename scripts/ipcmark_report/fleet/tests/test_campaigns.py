"""Two campaigns over the same hosts: the host is the unit, hosts that disagree are named, and what cannot be paired is told."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ipcmark_report.__main__ import main as report
from ipcmark_report.compare.__main__ import main
from ipcmark_report.compare.model import Verdict
from ipcmark_report.compare.signed_rank import hodges_lehmann, shift_interval, shift_of_many
from ipcmark_report.fleet.campaigns import Campaigns, Pair, Verdicts, verdicts
from ipcmark_report.load import parse_case
from ipcmark_report.tests.fleet_scale import Imagined
from ipcmark_report.tests.pairs import Pair as TurnsTaken

from .made import CASES, shape

CONTROL = "limits/alu/loop/placement:same_core"
PIPE = "latency/pipe/pipe/size:64/placement:same_core"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Eight hosts; afterwards all cases but the limits take 8 % longer, and on h5 a quarter more than that."""
    folder = tmp_path_factory.mktemp("campaigns")
    made = shape(folder, 3)
    for when, name in enumerate(("before", "after")):
        slow = [("h5", "/", 1.25)] if when else []
        imagined = Imagined(made, process_size=0.005, run_size=0.003, campaign=1.08, when=when, slow=slow)
        imagined = imagined if when else replace(imagined, campaign=1.0)
        for host in range(8):
            imagined.write(folder / name, f"h{host}", 0)
    return folder / "before", folder / "after"


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main(list(map(str, arguments)))
    return (status, *capsys.readouterr())


def imagined(hosts: int, shift: float, noise: float = 0.01, control: float = 0.0, kinds: int = 1, seed: int = 1) -> Verdicts:
    """By changes alone: so many hosts, two cases and a control."""
    chance = np.random.default_rng(seed)
    cases = tuple(case for name in (CONTROL, PIPE, PIPE.replace("same", "cross")) if (case := parse_case(name)) is not None)
    values = chance.normal(0, noise, (hosts, 3)) + np.array([control, shift, shift])
    pairs = tuple(Pair(f"h{host}", f"kind {host % kinds}", (), ()) for host in range(hosts))
    errors = np.full(values.shape, noise)
    return verdicts(Campaigns(("a", "b"), pairs, cases, values, errors, np.full(values.shape, 5.0), values, np.zeros(hosts), (), "quiet"))


def test_what_all_hosts_do_is_a_verdict_and_who_does_otherwise_is_named(folders: tuple[Path, Path],
                                                                        capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ran(capsys, *folders, "--fail-on", "regression")
    assert (status, err) == (1, "")
    assert f"Over 8 hosts, of {len(CASES)} cases {len(CASES)} became slower, 0 faster" in out
    row = next(line for line in out.splitlines() if line.startswith(PIPE))
    assert row.endswith("regression *") and row.split()[1] == "8" and "limits/alu/loop" in out
    assert "disagrees: h5: +3" in out and out.count("disagrees:") == 1


def test_json_has_every_host_and_case(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ran(capsys, *folders, "--json")
    found = json.loads(out, parse_constant=pytest.fail)["campaigns"]
    assert [host["name"] for host in found["hosts"]] == [f"h{host}" for host in range(8)]
    cell = next(one for one in found["cells"] if one["name"] == PIPE)
    assert cell["verdict"] == "regression" and 1.05 < cell["low"] < cell["ratio"] < cell["high"] < 1.3
    assert len(found["by_host"][PIPE]) == 8 and found["by_host"][PIPE][5] > 1.2
    assert [one["name"] for one in found["disagreeing"]] == ["h5"]


def test_the_page_says_what_changed_and_who_disagrees(folders: tuple[Path, Path], tmp_path: Path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*map(str, folders), "--out", str(tmp_path / "p.html")]
    assert report(arguments) == 0 and capsys.readouterr().err == ""
    html = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert f"Over 8 hosts, of {len(CASES)} cases {len(CASES)} became slower, 0 faster" in html
    assert "<b>h5</b>: +3" in html and "latency/pipe/same_core: +8" in html
    rows = html[html.index('class="sortable data fields"'):].split("<tbody>")[1].split("</tbody>")[0]
    assert rows.count("<tr>") == 9 and rows.index(">all hosts<") < rows.index(">h5<") < rows.index(">h0<")
    assert "before " in rows and "data-command=\"ipcmark run" in html
    assert report([*arguments[:3], str(tmp_path / "q.html")]) == 0
    assert (tmp_path / "q.html").read_bytes() == (tmp_path / "p.html").read_bytes()


def test_markdown_goes_into_a_file_and_the_text_to_the_screen(folders: tuple[Path, Path], tmp_path: Path,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ran(capsys, *folders, f"--markdown={tmp_path / 'c.md'}")
    assert "A host is the unit" in out
    assert f"| `{PIPE}` | 8 |" in (tmp_path / "c.md").read_text()


def test_no_change_has_no_star(folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = shape(tmp_path, 3)
    for when in (0, 1):
        for host in range(8):
            Imagined(made, process_size=0.005, run_size=0.003, when=when).write(tmp_path / str(when), f"h{host}", 0)
    status, out, _ = ran(capsys, tmp_path / "0", tmp_path / "1", "--fail-on", "regression", "--fail-on", "improvement")
    assert status == 0 and "*" not in out


def test_fewer_than_six_hosts_have_no_verdict() -> None:
    found = imagined(5, 0.2)
    assert {one.change.verdict for one in found.cells} == {Verdict.NONE}
    assert found.says == "5 hosts in both campaigns: no verdict with fewer than 6."
    assert "5 hosts: no verdict" in found.cells[0].change.why


def test_six_hosts_that_all_take_longer_are_the_least_that_says_so() -> None:
    assert {one.change.verdict for one in imagined(6, 0.2).cells} == {Verdict.REGRESSION}


def test_more_runs_of_a_host_are_not_more_hosts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = shape(tmp_path)
    for when in (0, 1):
        for number in range(4):
            Imagined(made, when=when, campaign=1.0 + when).write(tmp_path / str(when), "only", number)
    assert "1 host in both campaigns: no verdict" in ran(capsys, tmp_path / "0", tmp_path / "1")[1]


def test_a_control_that_moved_voids_every_star() -> None:
    found = imagined(12, 0.2, control=0.1)
    assert {one.change.verdict for one in found.cells} == {Verdict.INCONCLUSIVE}
    assert found.void.startswith("NEGATIVE CONTROL MOVED") and found.alarms[0] == found.void


def test_several_kinds_of_machines_have_a_verdict_each() -> None:
    found = imagined(16, 0.2, kinds=2)
    assert [(kind, hosts) for kind, hosts, _ in found.kinds] == [("kind 0", 8), ("kind 1", 8)]
    assert all(one.change.verdict is Verdict.REGRESSION for _, _, one in found.kinds)
    assert imagined(16, 0.2).kinds == ()


def test_campaigns_without_a_change_have_stars_as_seldom_as_is_allowed() -> None:
    starred = sum(any(one.change.starred for one in imagined(12, 0.0, noise=0.05, seed=seed).cells) for seed in range(100))
    # 5 % are allowed; more than 12 of 100 would be less likely than 1 in 500.
    assert starred <= 12


@pytest.mark.parametrize("count", [7, 60, 61, 200])
def test_the_shift_of_many_is_that_of_all_pair_means(count: int) -> None:
    values = np.random.default_rng(count).normal(0.1, 0.05, count)
    values[:3] = values[3]
    centre, low, high = shift_of_many(values)
    interval = shift_interval(values)
    assert interval is not None
    assert (centre, low, high) == pytest.approx((hodges_lehmann(values), *interval), abs=1e-9)


def test_json_of_folders_whose_names_are_no_text_is_written(folders: tuple[Path, Path], tmp_path: Path,
                                                            capsys: pytest.CaptureFixture[str]) -> None:
    after, file = tmp_path / "after\udcff", tmp_path / "found.json"
    after.symlink_to(folders[1])
    assert ran(capsys, folders[0], after, "--json", file)[0] == 0
    assert json.loads(file.read_text())["campaigns"]["hosts"][0]["new_runs"] == [f"{tmp_path}/after\\udcff/h0/run-0"]
    assert ran(capsys, folders[0] / "h0/run-0", after / "h0/run-0", "--json", file)[0] == 0
    assert json.loads(file.read_text())["comparisons"][0]["new"]["path"] == f"{tmp_path}/after\\udcff/h0/run-0"


def test_facts_that_differ_on_the_hosts_are_confounders_unless_declared(folders: tuple[Path, Path], tmp_path: Path,
                                                                       capsys: pytest.CaptureFixture[str]) -> None:
    after = tmp_path / "after"
    shutil.copytree(folders[1], after)
    for file in after.glob("*/*/environment.json"):
        whole = json.loads(file.read_text())
        whole["start"]["kernel"]["release"] = "6.99"
        file.write_text(json.dumps(whole))
    _, out, _ = ran(capsys, folders[0], after)
    assert "no change can be told from that: kernel.release (8 of 8 hosts)" in out
    _, out, _ = ran(capsys, folders[0], after, "--varying", "kernel")
    assert "no change can be told" not in out and "what is compared: kernel.release on 8 of 8 hosts: 6.12.0-example | 6.99" in out


def test_hosts_of_one_side_and_runs_that_cannot_be_used_are_told(folders: tuple[Path, Path], tmp_path: Path,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    after = tmp_path / "after"
    shutil.copytree(folders[1], after)
    shutil.rmtree(after / "h0")
    (after / "h1" / "run-0" / "run.json").write_text("{")
    status, out, err = ran(capsys, folders[0], after, "--fail-on", "missing")
    assert status == 1 and "Over 6 hosts" in out
    assert "2 hosts have runs in before alone: h0, h1" in out
    assert err.count("\n") == 1 and "h1/run-0/run.json: not whole JSON" in err


def test_runs_that_took_turns_on_many_hosts_are_two_campaigns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for host in range(8):
        TurnsTaken(rounds=2, seed=host, boot=str(host), inject={"pipe": 1.3}, drift=0.01).write(tmp_path / "fleet" / f"h{host}" / "run")
    _, out, err = ran(capsys, tmp_path / "fleet", "--varying", "build")
    assert err == "" and "versus against base, 8 hosts" in out
    assert next(line for line in out.splitlines() if line.startswith(PIPE)).endswith("regression *")


@pytest.mark.parametrize(("arguments", "says"), [
    (["BEFORE", "RUN"], "is a folder of runs, so two such folders are compared"),
    (["BEFORE", "AFTER", "AFTER"], "one too many"),
    (["BEFORE", "AFTER", "--fail-on", "tail"], "--fail-on tail: is of two runs"),
    (["BEFORE", "AFTER", "--estimator", "adjusted"], "needs the repetitions"),
    (["BEFORE", "AFTER", "--varying", "colour"], "no such fact"),
    (["BEFORE", "AFTER", "--json", "--markdown"], "cannot both go to stdout"),
    (["BEFORE", "OTHERS"], "no host has runs in both before and others"),
])
def test_bad_input_is_one_line(folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
                               says: str) -> None:
    shutil.copytree(folders[1] / "h0", tmp_path / "others" / "web")
    known = {"BEFORE": folders[0], "AFTER": folders[1], "RUN": folders[1] / "h0" / "run-0", "OTHERS": tmp_path / "others"}
    status, out, err = ran(capsys, *(known.get(one, one) for one in arguments))
    assert (status, out) == (2, "") and err.count("\n") == 1 and says in err
