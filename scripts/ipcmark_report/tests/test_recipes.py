"""The command that measures a case again."""

import re
import shlex
from dataclasses import replace

import pytest

from ipcmark_report.load import load_run
from ipcmark_report.model import RunInfo
from ipcmark_report.recipes import cases, command, recipe_of

from .synthetic import Synthetic


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> RunInfo:
    return load_run(Synthetic(rounds=0).write(tmp_path_factory.mktemp("run"))).info


def test_a_preset_says_it_all_where_nothing_else_was_asked(info: RunInfo) -> None:
    plain = replace(info, preset="default", rounds=20, repetitions="8", window_ms="50", warmup_ms="100")
    assert command(recipe_of(plain), "a/b/c") == "ipcmark run --filter '^a/b/c$'"


def test_what_was_asked_beyond_the_preset_is_said(info: RunInfo) -> None:
    other = replace(info, preset="rigorous", rounds=5, repetitions="8", window_ms="20", warmup_ms="100")
    assert command(recipe_of(other), "a/b/c").startswith("ipcmark run --preset rigorous --rounds 5 --window-ms 20 --filter ")


def test_what_a_run_did_not_record_is_not_asked_for(info: RunInfo) -> None:
    old = replace(info, preset="; rm", repetitions="not recorded", window_ms="$(rm)", warmup_ms="")
    assert recipe_of(old).before == f"ipcmark run --rounds {old.rounds} --filter"


@pytest.mark.parametrize("name", ["a.b/c+d(e)[f]{g}|h", "it's\\here", "a$HOME^b*?", "two words `x`"])
def test_the_filter_finds_the_name_and_nothing_like_it(info: RunInfo, name: str) -> None:
    words = shlex.split(command(recipe_of(info), name))
    pattern = words[words.index("--filter") + 1]
    assert re.search(pattern, name)
    assert not re.search(pattern, name + "x") and not re.search(pattern, name.replace("a", "b", 1) + "!")


def test_several_cases_have_one_filter_that_finds_them_and_no_other(info: RunInfo) -> None:
    of_measure, of_family = cases("latency"), cases("latency", "pipe", "same_core")
    assert command(recipe_of(info), of_measure).endswith(" --filter '^latency/.*$'")
    assert command(recipe_of(info), of_family).endswith(" --filter '^latency/pipe/.*/placement:same_core$'")
    assert cases("latency", placement="same_core") == "latency/…/placement:same_core"


def test_what_sums_up_a_run_is_the_run_again_with_its_own_filter(info: RunInfo) -> None:
    whole = "ipcmark run --preset quick --window-ms 50 --warmup-ms 20"
    quick = replace(info, rounds=6)
    assert command(recipe_of(quick), cases()) == f"{whole}"
    filtered = recipe_of(replace(quick, filter="latency/(pipe|queue)"))
    assert command(filtered, cases()) == command(filtered, cases("latency")) == f"{whole} --filter 'latency/(pipe|queue)'"
    assert command(filtered, "a/b/c") == f"{whole} --filter '^a/b/c$'"
