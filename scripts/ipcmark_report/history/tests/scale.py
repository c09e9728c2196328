"""Shows by hand how the history grows: stores of imagined runs, modelled on a real one, and what the commands cost.

usage: PYTHONPATH=scripts python3 -m ipcmark_report.history.tests.scale RUN [RUNS...]   (100 1000 without them)
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ipcmark_report.estimates import ESTIMATORS
from ipcmark_report.history import store
from ipcmark_report.history.record import Record, record_of

from .made import estimate, facts

CASES, PROCESSES, TIMED = 300, 20, 20


def imagined(real: Record, number: int) -> Record:
    """A run of CASES cases whose processes vary by 2 % about those of the real one, as many times as it takes."""
    chance = random.Random(number)
    level = 1.1 if number >= 60 else 1.0
    figures = [
        estimate([middle * level * chance.lognormvariate(0, 0.02) for _ in range(PROCESSES)], name, estimator)
        for name, middle in levels(real) for estimator in ESTIMATORS
    ]
    return Record(facts(number, machine=real.facts.machine), tuple(figures), "")


def levels(real: Record) -> Iterator[tuple[str, float]]:
    middles = {one.case.text: one.spread.median for one in real.estimates if one.estimator == "typical"}
    names = list(middles)
    for index in range(CASES):
        name = names[index % len(names)]
        again = index // len(names)
        yield (name if not again else name.replace("/placement:", f"/again:{again}/placement:")), middles[name]


def command(*arguments: str) -> tuple[float, float]:
    """Seconds and MiB of the command."""
    begin = time.monotonic()
    child = os.posix_spawn(sys.executable, [sys.executable, "-m", "ipcmark_report.history", *arguments], os.environ,
                           file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"history {' '.join(arguments)}: ended with {status}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def measure(run: str, real: Record, count: int, folder: Path) -> None:
    file = folder / f"{count}.sqlite"
    times = []
    with store.opened(file, create=True) as history:
        for number in range(count):
            one = imagined(real, number)
            begin = time.monotonic()
            history.add(one)
            times.append(time.monotonic() - begin)
    case = next(levels(real))[0]
    print(f"{count} runs x {CASES} cases x {len(ESTIMATORS)} figures x {PROCESSES} processes: "
          f"{file.stat().st_size / 2**20:.1f} MiB")
    last = times[-TIMED:]
    print(f"  inside add, the last {len(last)}: {1e3 * sum(last) / len(last):.1f} ms each")
    for what in (("list",), ("list", "--json"), ("trend", case),
                 ("trend", case, "--chart", str(folder / "trend.svg")), ("add", run)):
        seconds, mib = command(*what, "--store", str(file))
        option = " ".join(word for word in what if word.startswith("--"))
        print(f"  history {what[0]:<6}{option:<8} {seconds:6.2f} s {mib:6.0f} MiB")


def main(arguments: Sequence[str]) -> None:
    real = record_of(Path(arguments[0]))
    with tempfile.TemporaryDirectory() as folder:
        for count in map(int, arguments[1:] or ("100", "1000")):
            measure(arguments[0], real, count, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
