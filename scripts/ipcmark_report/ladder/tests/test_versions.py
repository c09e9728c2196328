"""The order of versions is that of numbers, and a candidate comes before its release."""

from __future__ import annotations

import random

import pytest

from ..versions import order, series

IN_ORDER = ["5.10.0-32-rt-amd64", "5.10.223-1", "6.1.0-56-cloud-amd64", "6.1.170-1", "6.1.192-1", "6.12.9", "6.12.43+deb13",
            "6.12.43-1~bpo12+1",
            "6.12.43-1", "6.16.3", "6.18~rc4-1~exp1", "6.18-rc5", "6.18", "6.18.5",
            "7.0-rc7", "7.0~rc8", "7.0", "7.0.1", "7.3",
            "10.0"]


def test_versions_come_in_the_order_of_their_numbers() -> None:
    shuffled = IN_ORDER.copy()
    random.Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=order) == IN_ORDER


def test_a_candidate_comes_before_its_release_however_it_is_written() -> None:
    assert order("7.3.0-rc1") < order("7.3.0") and order("7.3~rc1") < order("7.3")
    assert order("6.19.0-rc2-mine") < order("6.19.0-mine")


@pytest.mark.parametrize(("version", "expected"), [
    ("6.12.43-1", "6.12"), ("7.0", "7.0"), ("5.10.0-32-rt-amd64", "5.10"), ("mine", "mine"), ("7", "7")])
def test_a_series_is_the_first_two_numbers(version: str, expected: str) -> None:
    assert series(version) == expected


def test_any_text_has_a_place() -> None:
    assert order("") < order("a") and order("\x1b[2J") is not None
