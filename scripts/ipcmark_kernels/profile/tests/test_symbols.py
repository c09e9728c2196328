"""Addresses become functions."""

from __future__ import annotations

import pytest

from ipcmark_kernels.profile.symbols import UNKNOWN, USER_SPACE, by_function, symbols_of
from ipcmark_report.model import BadInput

MAP = """\
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81000010 t __pfx_do_futex
ffffffff81000020 T do_futex
ffffffff81000080 T __memcpy
ffffffff81000080 W memcpy
ffffffff810000c0 T __entry_text_start
ffffffff810000c0 T entry_SYSCALL_64
ffffffff82000000 D jiffies
ffffffffc0000000 t a_module_s	[module]
""".splitlines()


def test_a_function_reaches_to_the_next_and_its_padding_is_none() -> None:
    symbols = symbols_of(MAP, "map")
    assert symbols.name(0xffffffff81000020) == "do_futex"
    assert symbols.name(0xffffffff8100007f) == "do_futex"
    assert symbols.name(0xffffffff81000010) == "startup_64"


def test_of_several_names_the_plainest_is_taken() -> None:
    symbols = symbols_of(MAP, "map")
    assert symbols.name(0xffffffff81000000) == "startup_64"
    assert symbols.name(0xffffffff81000081) == "memcpy"
    assert symbols.name(0xffffffff810000c1) == "entry_SYSCALL_64"


def test_what_no_function_covers_is_said_so() -> None:
    symbols = symbols_of(MAP, "map")
    assert symbols.name(0x401000) == USER_SPACE
    assert symbols.name(0xffffffff80000000) == UNKNOWN
    assert symbols.name(0xffffffffff600000) == UNKNOWN


def test_counts_are_summed_by_function_the_most_first() -> None:
    counts = {0xffffffff81000020: 5, 0xffffffff81000030: 7, 0x401000: 3, 0xffffffff81000080: 40}
    assert by_function(counts, symbols_of(MAP, "map")) == {"memcpy": 40, "do_futex": 12, USER_SPACE: 3}


def test_a_file_without_addresses_is_refused() -> None:
    with pytest.raises(BadInput, match="System.map"):
        symbols_of(["0000000000000000 T do_futex"], "/proc/kallsyms")
