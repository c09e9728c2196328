"""Many hosts from folders to the page: which runs are whose, what is left out with a line, who is named and why."""

import json
import os
import re
import shutil
from math import nan, sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from ipcmark_report.__main__ import main
from ipcmark_report.compare.__main__ import main as compare
from ipcmark_report.fleet.find import found, is_folder_of_runs
from ipcmark_report.fleet.gather import field_of
from ipcmark_report.fleet.model import Figure, Measured
from ipcmark_report.history.__main__ import main as history
from ipcmark_report.tests.pairs import Pair
from ipcmark_report.tests.synthetic import put

from .made import fleet, shape
from ipcmark_report.tests.fleet_scale import Imagined


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight hosts with two runs; h3 is slower in all, and its governor another one."""
    facts = {f"h{host}": {"cpu_power": {"governor": "powersave" if host == 3 else "performance"}} for host in range(8)}
    return fleet(tmp_path_factory.mktemp("slow"), runs=2, slow=[("h3", "/", 1.2)], facts=facts)


def page(capsys: pytest.CaptureFixture[str], out: Path, *arguments: object) -> tuple[str, list[str]]:
    assert main([*map(str, arguments), "--out", str(out)]) == 0
    return out.read_text(encoding="utf-8"), capsys.readouterr().err.splitlines()


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([*map(str, arguments), "--out", "/nowhere/at/all.html"]) == 2
    return capsys.readouterr().err


def change(file: Path, **values: object) -> None:
    put(file, json.loads(file.read_text()) | values)


def test_a_folder_of_runs_becomes_a_page_that_names_the_slow_host_and_what_sets_it_apart(
        slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html, said = page(capsys, tmp_path / "p.html", slow)
    assert said == []
    assert "8 hosts of 1 kind, 16 runs, 11 cases. 1 host measures otherwise than those that are alike: h3." in html
    level = re.search(r"<b>h3</b>: [^<]*: \+([\d.]+)\u00a0% over all cases", html)
    assert level and 15 < float(level.group(1)) < 25
    assert "Set apart by: cpu_power.governor powersave (0 of 7 peers; usual: performance)." in html
    assert html.count('<div class="map"') == 1 and "data-command=\"ipcmark run" in html


def test_runs_of_a_single_process_are_as_sure_as_they_agree() -> None:
    runs = [cast(Measured, SimpleNamespace(figures={"case": Figure(log, nan, 1)})) for log in (1.0, 1.2, 1.4)]
    assert field_of(runs, "case") == pytest.approx((1.2, 0.2 / sqrt(3), 2))
    assert np.isnan(field_of(runs[:1], "case")[1])


def test_every_field_of_a_map_stands_in_its_table(slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html, _ = page(capsys, tmp_path / "p.html", slow)
    table = html[html.index('class="sortable data fields"'):html.index("</table>")]
    rows = re.findall(r'<tr><th scope="row" class="name">(\w+)</th>(.*?)</tr>', table)
    assert rows[0][0] == "h3" and sorted(name for name, _ in rows) == [f"h{host}" for host in range(8)]
    tops = re.search(r'data-tops="([^"]*)"', html)
    assert tops and len(tops.group(1).split()) == 8 and all(cells.count("<td") == 11 for _, cells in rows)


def test_the_same_runs_give_the_same_bytes(slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert page(capsys, tmp_path / "a.html", slow) == page(capsys, tmp_path / "b.html", slow)


def test_runs_may_be_named_one_by_one_or_in_a_file(slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = sorted(slow.glob("*/*"))
    listed = tmp_path / "runs.txt"
    listed.write_text("# the fleet\n\n" + "\n".join(map(str, runs)) + "\n")
    whole = page(capsys, tmp_path / "a.html", slow)
    assert page(capsys, tmp_path / "b.html", "--by", "host", *runs) == whole
    assert page(capsys, tmp_path / "c.html", "--runs-from", listed) == whole


def test_two_runs_are_still_a_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    html, _ = page(capsys, tmp_path / "p.html", *Pair(rounds=3).write(tmp_path / "pair"))
    assert "versus against base" in html


def test_hosts_are_named_by_their_folders_and_without_these_by_their_record(tmp_path: Path) -> None:
    Imagined(shape(tmp_path)).write(tmp_path / "at", "web", 0)
    assert [(one.path.name, one.host) for one in found([tmp_path / "at"])] == [("run-0", "web")]
    assert [(one.path.name, one.host) for one in found([tmp_path / "at" / "web"])] == [("run-0", "")]
    assert is_folder_of_runs(tmp_path / "at") and not is_folder_of_runs(tmp_path / "at" / "web" / "run-0")


def test_a_link_to_a_run_is_that_run_and_a_link_to_its_own_folder_leads_nowhere(slow: Path, tmp_path: Path) -> None:
    for host in ("h1", "h0"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "linked").symlink_to(slow / host / "run-0")
    (tmp_path / "h1" / "round").symlink_to(tmp_path)
    assert [(one.host, one.path) for one in found([tmp_path])] == [(host, tmp_path / host / "linked") for host in ("h0", "h1")]


def test_machines_of_one_name_are_told_apart_by_the_record_of_their_campaign(slow: Path, tmp_path: Path,
                                                                             capsys: pytest.CaptureFixture[str]) -> None:
    campaign, hosts = tmp_path / "lab", []
    for at, run in enumerate(sorted(slow.glob("*/run-0"))):
        shutil.copytree(run, campaign / f"board{at}-01")
        environment = campaign / f"board{at}-01/environment.json"
        environment.write_text(environment.read_text().replace(f'"host_name":"h{at}"', '"host_name":"raspberrypi"'))
        hosts.append({"host": f"board{at}", "runs": [{"run": f"board{at}-01"}]})
    assert {one.host for one in found([campaign])} == {""}
    put(campaign / "fleet.json", {"hosts": hosts})
    assert [one.host for one in found([campaign])] == [one["host"] for one in hosts] == [one.host for one in found([tmp_path])]
    assert main([str(campaign), "--out", str(tmp_path / "page.html")]) == 0
    assert f"{len(hosts)} hosts of 1 kind" in (tmp_path / "page.html").read_text()
    for nonsense in ("{", "[]", '{"hosts": [1]}', '{"hosts": [{"host": 1, "runs": [{"run": []}]}]}'):
        (campaign / "fleet.json").write_text(nonsense)
        assert {one.host for one in found([campaign])} == {""}


def test_of_two_that_took_turns_the_base_stands_for_the_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("a", "b"):
        Pair(rounds=2, seed=ord(host), boot=host).write(tmp_path / "fleet" / host / "run")
    html, said = page(capsys, tmp_path / "p.html", tmp_path / "fleet")
    assert "2 hosts of 1 kind, 2 runs" in html
    assert len(said) == 1 and "the second side of 2 pairs" in said[0]


def test_what_cannot_be_used_is_left_out_with_a_line_and_the_others_go_on(
        slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "fleet"
    shutil.copytree(slow, folder)
    (folder / "h0" / "run-0" / "run.json").unlink()
    change(folder / "h1" / "run-0" / "run.json", schema_version=2)
    (folder / "h2" / "run-0" / "latency.1.json").write_text('{"context"')
    change(folder / "h4" / "run-0" / "run.json", clock="instructions")
    shutil.copytree(folder / "h5" / "run-0", folder / "h5" / "copied")
    html, said = page(capsys, tmp_path / "p.html", folder)
    assert len(said) == 5 and all(line.startswith("report: ") for line in said)
    for words in ("h0/run-0: has no run.json", "schema_version 2, this report reads schema_version 1", "latency.1.json: not whole JSON",
                  "h4/run-0: counts instructions", "h5/run-0: is the same run as"):
        assert sum(words in line for line in said) == 1, words
        assert words.split(":")[0] in html
    assert "8 hosts of 1 kind, 12 runs" in html


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_go_on(
        slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # As for a user who may not; root may everything.
    scandir, closed = os.scandir, str(slow / "h2")

    def refusing(path: str) -> object:
        if str(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    html, said = page(capsys, tmp_path / "p.html", slow)
    assert said == [f"report: left out: {closed}: cannot be listed: Permission denied; make the folder readable"]
    assert "7 hosts of 1 kind, 14 runs" in html and "h2: cannot be listed" in html


def test_two_machines_of_one_name_are_two_hosts_and_a_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = shape(tmp_path)
    for place, key in (("x", "x86_64, Example CPU 9000, 2 CPUs"), ("y", "x86_64, Other CPU, 4 CPUs")):
        Imagined(made, facts={"web": {"identity": {"key": key}, "machine": {"cpu_model": key[8:]}}}, seed=ord(place)).write(
            tmp_path / place, "web", 0)
    html, said = page(capsys, tmp_path / "p.html", "--by", "host", tmp_path / "x", tmp_path / "y")
    assert len(said) == 1 and "web: 2 different machines have this name, kept apart as web, web (2)" in said[0]
    assert "2 hosts of 2 kinds" in html and "web (2)" in html
    # Nobody has a peer: what is left are the kinds against each other.
    assert html.count('<div class="map"') == 1 and 'id="figure-models"' in html


def test_a_kernel_makes_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = {f"h{host}": {"kernel": {"release": "6.1.0" if host % 2 else "6.12.0"}} for host in range(4)}
    html, _ = page(capsys, tmp_path / "p.html", fleet(tmp_path, hosts=4, facts=facts), "--reference", "h1")
    assert "4 hosts of 2 kinds" in html and "Linux 6.1.0, the median of its 2 hosts" in html


@pytest.mark.parametrize(("options", "says"), [
    (["--estimator", "adjusted"], "needs the repetitions"), (["--varying", "kernel"], "is for comparing two runs"),
    (["--filter", "("], "not a regular expression"), (["--filter", "nothing has this"], "none of these runs can be used"),
    (["--reference", "nobody"], "no machine or host has this in its name"),
])
def test_bad_options_are_one_line(slow: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str) -> None:
    assert says in refused(capsys, slow, *options).splitlines()[-1]


def test_a_folder_without_runs_and_a_list_that_names_none_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "list").write_text("\n# nothing\n")
    assert "has no run.json; name a run" in refused(capsys, tmp_path / "empty")
    assert "no run lies in it" in refused(capsys, "--by", "host", tmp_path / "empty")
    assert "names no run" in refused(capsys, "--runs-from", tmp_path / "list")
    assert "cannot be read" in refused(capsys, "--runs-from", tmp_path / "nowhere")


def test_a_folder_with_a_single_run_asks_for_that_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Imagined(shape(tmp_path)).write(tmp_path / "fleet", "web", 0)
    assert "web/run-0: is the only run that can be used" in refused(capsys, tmp_path / "fleet")


def test_hostile_names_are_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "<script>alert(1)<|script>\x1b[31m"
    Imagined(shape(tmp_path)).write(tmp_path / "fleet", hostile, 0)
    Imagined(shape(tmp_path / "more")).write(tmp_path / "fleet", "b", 0)
    html, said = page(capsys, tmp_path / "p.html", tmp_path / "fleet")
    assert "<script>alert" not in html and "\x1b" not in html and "&lt;script&gt;alert" in html and said == []


def test_charts_of_a_fleet_are_files(slow: Path, tmp_path: Path) -> None:
    assert main([str(slow), "--charts", str(tmp_path / "c"), "--format", "svg,png"]) == 0
    assert sorted(file.name for file in (tmp_path / "c").iterdir()) == ["hosts.png", "hosts.svg"]


def test_disturbed_and_partial_runs_are_told_and_set_their_host_apart(slow: Path, tmp_path: Path,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "fleet"
    shutil.copytree(slow, folder)
    change(folder / "h3" / "run-0" / "run.json", labels=["at the start: load average 9"])
    change(folder / "h2" / "run-0" / "run.json", status="partial", ended_at=None)
    html, _ = page(capsys, tmp_path / "p.html", folder)
    assert "1 of 16 runs is contaminated" in html and "1 of 16 runs is partial" in html
    assert "Set apart by: contaminated at the start: load average 9 (0 of 7 peers; usual: no label); cpu_power.governor" in html


def test_files_of_distributions_are_not_opened(slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "fleet"
    shutil.copytree(slow, folder)
    for run in folder.glob("*/*"):
        (run / "latency.1.hist.json").write_text("not even JSON")
    _, said = page(capsys, tmp_path / "p.html", folder)
    assert said == []


@pytest.mark.parametrize("name", ["report", "compare", "history"])
def test_an_interrupted_command_says_so_and_leaves_nothing_behind(slow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                                  monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    modules = {"report": (main, "fleet.read"), "compare": (compare, "fleet.read"), "history": (history, "history.record")}
    command, reads = modules[name]
    monkeypatch.setattr(f"ipcmark_report.{reads}.load_run", interrupt)
    arguments = {"report": [slow, "--out", tmp_path / "p.html"], "compare": [slow, slow, f"--json={tmp_path / 'c.json'}"],
                 "history": ["add", slow, "--store", tmp_path / "new" / "h.sqlite"]}[name]
    assert command(list(map(str, arguments))) == 130
    assert capsys.readouterr().err.startswith(f"{name}: interrupted")
    assert [file.name for file in tmp_path.rglob("*")] == ([] if name != "history" else ["new", "h.sqlite"])
