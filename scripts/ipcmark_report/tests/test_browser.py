"""The pages of a run, of a comparison, of kernels and of many hosts in a real browser: first screen, sorting, filtering, keyboard, dark, narrow, on paper, and that nothing leaves the disk."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ipcmark_report.__main__ import main
from ipcmark_report.compare.page.assemble import page_of
from ipcmark_report.compare.page.render import render
from ipcmark_report.fleet.tests.made import fleet
from ipcmark_report.ladder.page import page_of as page_of_kernels
from ipcmark_report.ladder.page import render as render_kernels
from ipcmark_report.ladder.read import read_kernels
from ipcmark_report.ladder.tests.made import FUTEX, write_kernel, write_kernels

from .comparisons import CASES, SIMPSON, Made
from .synthetic import Synthetic, distribution, row

# One browser for all of them.
pytestmark = pytest.mark.xdist_group("browser")
HERE = Path(__file__).resolve().parent / "browser"
HOSTILE = "<script>alert(1)</script>"
LONG = "x" * 300
PIPE = "latency/pipe/pipe/size:64/placement:same_core"
SWITCHED = "latency/queue/boost_mq/size:4096/placement:same_core"


def _missing() -> str | None:
    """Why there is no browser to drive; None where there is one."""
    if not shutil.which("chromium"):
        return "no chromium: apt-get install chromium"
    if not shutil.which("node"):
        return "no node: apt-get install nodejs npm"
    if not (HERE / "node_modules" / "playwright-core").is_dir():
        return f"no playwright-core: npm ci --ignore-scripts in {HERE}"
    return None


KINDS = ("run", "comparison", "kernels", "fleet")
COLUMNS = {"run": "p50", "comparison": "change", "kernels": "middle change", "fleet": "level"}


@pytest.fixture(scope="module")
def all_seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    if (reason := _missing()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("browser")
    rows = [row(f"latency/pipe/{name}/size:64/placement:same_core", 5e3, distribution(5e3, random.Random(1), 1)[1])
            for name in (HOSTILE, LONG)]
    run = Synthetic(rounds=2, binaries=("limits", "latency"), measures=("limits", "latency"),
                    placements=("cross_core", "same_core"), extra_rows={"latency": rows})
    run.environment["machine"]["host_name"] = f"{HOSTILE}\x07" + LONG
    assert main([str(run.write(folder / "made")), "--out", str(folder / "run.html")]) == 0
    names = {**CASES, f"latency/pipe/{LONG}/placement:same_core": 5e3}
    compared = Made(cases=names, factors={"pipe": 1.1, "spsc_ring": 0.9}, far=0.4, mixes={PIPE: SIMPSON}, base_name=f"{HOSTILE}1",
                    new_name=LONG)
    (folder / "comparison.html").write_text(render(page_of([compared.comparison()])), encoding="utf-8")
    kernels = write_kernels(folder / "kernels")
    write_kernel(kernels / "two", "7.4-1", "cloud" + HOSTILE, {SWITCHED: [3671, 3704, 3671], f"latency/pipe/{LONG}/placement:same_core": [7.0] * 3})
    write_kernel(kernels / "two2", "7.5-1", "cloud" + HOSTILE, {SWITCHED: [20448, 16689, 20625]})
    (folder / "kernels.html").write_text(render_kernels(page_of_kernels(read_kernels(kernels))), encoding="utf-8")
    hosts = fleet(folder / "many", hosts=20, slow=[("h3", "/", 1.2)])
    (hosts / "h4").rename(hosts / HOSTILE.replace("/", "|"))
    assert main([str(hosts), "--out", str(folder / "fleet.html")]) == 0
    asked = [word for kind in KINDS for word in (folder / f"{kind}.html", COLUMNS[kind], folder / f"{kind}.pdf")]
    done = subprocess.run(["node", HERE / "page_check.mjs", shutil.which("chromium"), *asked], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "HOME": str(folder)})
    assert done.returncode == 0, done.stderr
    return dict(zip(KINDS, json.loads(done.stdout)))


@pytest.fixture(params=KINDS)
def seen(all_seen: dict[str, dict[str, Any]], request: pytest.FixtureRequest) -> dict[str, Any]:
    return all_seen[request.param]


def _values(texts: list[str]) -> list[float]:
    """What a reader takes the cells of a column of times (ns) or changes (%) for."""
    factors = {"ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9, "%": 1.0}
    found = [re.fullmatch(r"([+−-]?)([\d.]+)(?: \([^)]*\))?\s(ns|µs|ms|s|%)", text) for text in texts if text != "–"]
    assert all(found), texts
    return [(-1 if one.group(1) in ("-", "−") else 1) * float(one.group(2)) * factors[one.group(3)] for one in found if one]


def test_the_first_screen_of_a_run_says_what_it_is_and_what_things_cost(all_seen: dict[str, dict[str, Any]]) -> None:
    screen = all_seen["run"]["screen"]
    assert "ipcmark run on" in screen and "ipcmark run --preset quick" in screen


def test_the_first_screen_of_a_comparison_says_what_changed(all_seen: dict[str, dict[str, Any]]) -> None:
    screen = all_seen["comparison"]["screen"]
    assert "Of 9 cases 3 became slower and 1 became faster." in screen
    assert "latency/pipe/same_core, pipe: +10" in screen and "latency/pipe/cross_core, spsc_ring: −10" in screen
    assert "Of 4 stars at most 0.2 are expected to be false." in screen


def test_the_first_screen_of_kernels_says_what_is_counted_and_which_paths_grew(all_seen: dict[str, dict[str, Any]]) -> None:
    screen = all_seen["kernels"]["screen"]
    assert screen.index("Instructions are not cycles") < screen.index("steps are claimed") < screen.index(FUTEX)
    assert f"{SWITCHED}: +457\u00a0%" in screen and "two paths by seed on the newer kernel" in screen


def test_the_first_screen_of_a_fleet_names_the_slow_host(all_seen: dict[str, dict[str, Any]]) -> None:
    assert "1 host measures otherwise than those that are alike: h3." in all_seen["fleet"]["screen"]


def test_a_map_of_hosts_says_by_keys_and_under_the_pointer_what_a_field_is(all_seen: dict[str, dict[str, Any]]) -> None:
    found = all_seen["fleet"]["map"]
    field = r", [\w/:]+: [+−]?[\d.]+\u00a0%( \*)? \([\d.]+ [µn]s, usual [\d.]+ [µn]s\) ipcmark run .*--filter '\^"
    assert re.match("h3" + field, found["keyed"])
    assert re.match(".+" + field, found["pointed"]) and found["last"].startswith(found["pointed"].split(",")[0])


def test_a_click_sorts_by_size_and_not_by_letters(seen: dict[str, Any]) -> None:
    state, column = seen["sorting"]["sorts"][0]
    assert state == "ascending"
    assert _values(column) == sorted(_values(seen["sorting"]["before"])) != _values(seen["sorting"]["before"])


def test_the_keyboard_sorts_the_other_way_and_back(seen: dict[str, Any]) -> None:
    (_, (down, column), (last, order)) = seen["sorting"]["sorts"]
    assert down == "descending" and _values(column) == sorted(_values(column), reverse=True)
    assert last is None and order == seen["sorting"]["before"]


def test_what_has_no_value_stays_last(seen: dict[str, Any]) -> None:
    for _, column in seen["sorting"]["sorts"][:2]:
        empty = column.count("–")
        assert not empty or set(column[-empty:]) == {"–"}


def test_a_filter_leaves_the_rows_with_its_words_and_says_how_many(seen: dict[str, Any]) -> None:
    found = seen["filter"]
    assert 0 < len(found["left"]) < found["all"] and all(found["word"] in text for text in found["left"])
    assert found["count"] == f"{len(found['left'])} of {found['all']} rows"
    assert (found["none"], found["again"]) == (0, found["all"])


def test_a_filter_has_a_label_and_its_count_is_announced(seen: dict[str, Any]) -> None:
    assert (seen["filter"]["live"], seen["filter"]["label"]) == ("polite", 1)


def test_nothing_is_asked_of_a_network_and_nothing_fails(seen: dict[str, Any]) -> None:
    assert seen["errors"] == []
    assert seen["requests"] and all(url.startswith("file://") for url in seen["requests"])


def test_the_dark_page_has_light_ink_in_text_and_charts(seen: dict[str, Any]) -> None:
    def bright(colour: str) -> float:
        return sum(map(float, re.findall(r"[\d.]+", colour)[:3]))

    assert bright(seen["light"]["ink"]) < 200 and bright(seen["light"]["paper"]) > 700
    assert bright(seen["dark"]["ink"]) > 550 and bright(seen["dark"]["paper"]) < 150


def test_a_phone_scrolls_in_one_direction(seen: dict[str, Any]) -> None:
    assert seen["phone"]["wide"] == []
    assert seen["phone"]["width"] <= 400


def test_paper_gets_what_is_closed_on_the_screen(seen: dict[str, Any]) -> None:
    assert seen["print"]["head"] == "%PDF-" and seen["print"]["bytes"] > 50_000
    before, after = seen["print"]["closed"]
    assert before > 0 and seen["print"]["open"] == 0 and after == before


def test_a_reader_of_the_screen_finds_landmarks_names_and_numbers(seen: dict[str, Any]) -> None:
    assert seen["landmarks"] == ["header", "nav[aria-label]", "main", "footer"]
    assert seen["skip"] == ["skip", "#main"] and seen["skipped"] == "#main"
    assert seen["drawings"]
    for drawing in seen["drawings"]:
        assert drawing["role"] == "img" and drawing["title"] and drawing["described"] and drawing["table"]


def test_without_script_every_row_and_command_is_there(all_seen: dict[str, dict[str, Any]]) -> None:
    for kind, seen in all_seen.items():
        # How kernels are measured again is one command for all.
        assert seen["bare"]["rows"] > 50 and (seen["bare"]["commands"] >= 10) is (kind != "kernels") and seen["bare"]["buttons"] == 0
