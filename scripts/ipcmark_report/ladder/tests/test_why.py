"""Which changes are explained first, from kernels on disk."""

from __future__ import annotations

from pathlib import Path

from ..read import read_kernels
from ..why import why_figures
from .made import FUTEX, PIPE, write_kernel

SEQPACKET = "latency/pipe/socketpair_seqpacket/size:64/placement:same_core"


def test_the_surest_step_of_a_family_comes_first_and_those_of_the_scheduler_last(tmp_path: Path) -> None:
    def kernel(version: str, pipe: float, seqpacket: float, futex: list[float]) -> None:
        write_kernel(tmp_path / version, version, "cloud", {PIPE: [pipe] * 3, SEQPACKET: [seqpacket] * 3, FUTEX: futex},
                     profile={PIPE: {"schedule": pipe}, SEQPACKET: {"schedule": seqpacket}, FUTEX: {"schedule": futex[0]}})

    kernel("6.12-1", 1000.0, 1000.0, [1000.0] * 3)
    kernel("7.1-1", 1100.0, 1500.0, [9000.0, 9000.0, 20000.0])
    titles = [figure.title for figure in why_figures(read_kernels(tmp_path), 0.01)]
    assert titles == [f"{SEQPACKET}, 6.12-1 cloud to 7.1-1 cloud", f"{FUTEX}, 6.12-1 cloud to 7.1-1 cloud"]
