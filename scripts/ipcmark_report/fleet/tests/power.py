"""Shows by hand how often the rule names a host that is as the others, and how often one that is not.

usage: PYTHONPATH=scripts python3 -m ipcmark_report.fleet.tests.power [FLEETS]   (300 of each kind without it)
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ipcmark_report.fleet import rule

HOSTS = (6, 8, 12, 20)
FAMILIES, IN_FAMILY, PROCESSES = 30, 10, 6


@dataclass(frozen=True)
class Imagined:
    """Sizes are standard deviations of logarithms: of what a host is in all, in a family, in a case; a run adds half of what
    its processes differ by, which is another size for every case. `tails`: processes are not normal but Student's t of 3."""

    hosts: int
    cases: int = FAMILIES * IN_FAMILY
    whole: float = 0.01
    family: float = 0.01
    case: float = 0.005
    process: float = 0.015
    tails: bool = False
    # Of the first host: how many of the cases, from the first on, take how many times as long.
    slow_cases: int = 0
    factor: float = 1.1

    def draw(self, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The values, and the errors as a reader would know them."""
        shape = (self.hosts, self.cases)
        own = np.exp(chance.normal(math.log(self.process), 0.8, self.cases))
        families = chance.normal(0, self.family, (self.hosts, -(-self.cases // IN_FAMILY)))
        true = chance.normal(0, self.whole, (self.hosts, 1)) + np.repeat(families, IN_FAMILY, axis=1)[:, :self.cases]
        true = true + chance.normal(0, self.case, shape) + chance.normal(0, 0.5, shape) * own
        true[0, :self.slow_cases] += math.log(self.factor)
        noise = chance.standard_t(3, (*shape, PROCESSES)) / math.sqrt(3) if self.tails else chance.normal(size=(*shape, PROCESSES))
        values = true[:, :, None] + noise * own[None, :, None]
        return np.median(values, axis=2), 1.2533 * values.std(axis=2, ddof=1) / math.sqrt(PROCESSES)


def named(imagined: Imagined, fleets: int, seed: int = 1) -> tuple[float, float]:
    """The share of fleets in which the first host is named, and in which any other one is."""
    chance = np.random.default_rng((seed, imagined.hosts))
    first = others = 0
    for _ in range(fleets):
        found, = rule.name([rule.judge(*imagined.draw(chance))])
        first += bool(found.hosts[0])
        others += bool(found.hosts[1:].any())
    return first / fleets, others / fleets


def main(arguments: Sequence[str]) -> None:
    fleets = int(arguments[0]) if arguments else 300
    print(f"{fleets} imagined fleets of each kind, {FAMILIES * IN_FAMILY} cases\n")
    print("| hosts | none is slow: one is named | the same, processes with wild values | one is 10 % slower in all: named | in the 30 "
          "cases of a noun | in one case |\n|---|---|---|---|---|---|")
    for hosts in HOSTS:
        cells = []
        for slow, tails in ((0, False), (0, True), (FAMILIES * IN_FAMILY, False), (30, False), (1, False)):
            first, others = named(Imagined(hosts, slow_cases=slow, tails=tails), fleets)
            cells.append(first if slow else first + others)
        print(f"| {hosts} | " + " | ".join(f"{100 * cell:.0f} %" for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
