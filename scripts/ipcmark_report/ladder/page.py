"""Kernels become what their page shows, and the page as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..compare.page import percent
from ..markup import assets, drawings, environment
from ..model import BadInput
from ..text import one_line
from ..views import Figure, Table
from . import headline, words
from .heat import heat_figures
from .model import Boots, Kernels
from .rails import ladder_figures
from .read import CHECK_READS, CHECK_TOLERANCE
from .rule import LEAST_BOOTS, THRESHOLD
from .steps import steps
from .why import why_figures

TEMPLATE = "ladder/ladder.html.j2"
# Of a kernel's run, on the first screen.
MOST_MARKS = 6


@dataclass(frozen=True)
class LadderPage:
    """`check` says what the self-check read, `alarms` what must be known first, `stands_out` and `rerouted` a line a step."""

    title: str
    check: str
    alarms: tuple[str, ...]
    says: str
    stands_out: tuple[str, ...]
    rerouted: tuple[str, ...]
    by_kernel: Table | None
    maps: tuple[Figure, ...]
    ladder: tuple[Figure, ...]
    why: tuple[Figure, ...]
    without_why: str
    kernels: Table
    failed: tuple[str, ...]
    not_measured: tuple[str, ...]
    threshold: str
    least_boots: int

    @property
    def figures(self) -> tuple[Figure, ...]:
        return (*self.maps, *self.ladder, *self.why)


def page_of(kernels: Kernels, baseline: str | None = None, threshold: float = THRESHOLD) -> LadderPage:
    """`baseline` is the directory of the kernel that the map holds the others against; without one the oldest."""
    base = _baseline(kernels, baseline)
    found = steps(kernels, threshold)
    why = tuple(why_figures(kernels, threshold))
    return LadderPage(
        _title(kernels), _check(kernels), tuple(_alarms(kernels)), headline.says(kernels, found, threshold),
        headline.stands_out(kernels, found), headline.rerouted(kernels, found), headline.by_kernel(kernels, threshold),
        tuple(heat_figures(kernels, base, threshold)),
        tuple(ladder_figures(kernels, found, threshold)), why, _without_why(kernels, why), _table(kernels),
        tuple(f"{boots.kernel.name}: {line}" for boots in kernels.boots for line in boots.failed),
        tuple(_not_measured(kernels)),
        percent.size(threshold), LEAST_BOOTS)


def render(page: LadderPage) -> str:
    """All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    drawn = drawings(page.figures, str)
    return environment().get_template(TEMPLATE).render(page=page, drawings=drawn.by_anchor, assets=assets(drawn.style))


def _baseline(kernels: Kernels, name: str | None) -> Boots:
    if name is None:
        return kernels.boots[0]
    for boots in kernels.boots:
        if name in (boots.kernel.id, boots.kernel.version, boots.kernel.name):
            return boots
    known = ", ".join(boots.kernel.id for boots in kernels.boots)
    raise BadInput(f"--baseline {one_line(name)}: no such kernel; there are {known}")


def _title(kernels: Kernels) -> str:
    first, last = kernels.boots[0].kernel, kernels.boots[-1].kernel
    if len(kernels.boots) == 1:
        return f"What an operation executes on Linux {first.name}"
    return f"What an operation executes, Linux {first.version} to {last.version}"


def _check(kernels: Kernels) -> str:
    checks = [boots.check for boots in kernels.boots if boots.check is not None]
    if not checks:
        return ("Self-check: none of these runs has the loop of five instructions, so nothing says that the clock counted "
                "instructions and that nobody else ran.")
    low, high = min(one.low for one in checks), max(one.high for one in checks)
    boots = sum(one.boots for one in checks)
    reads = f"{low:.2f} to {high:.2f}" if high > low else f"{low:.2f}"
    return (f"Self-check: a loop of five instructions reads {reads} in {boots} boots of {len(checks)} kernels; within "
            f"{CHECK_READS:.2f} ± {CHECK_TOLERANCE:.2f} a boot counts.")


def _alarms(kernels: Kernels) -> list[str]:
    off = [f"{boots.kernel.name}: the self-check is off ({'; '.join(boots.off)}); nothing is claimed of this kernel"
           for boots in kernels.boots if boots.off]
    silent = [boots.kernel.name for boots in kernels.boots if boots.check is None]
    some = [f"without the self-check: {words.joined(silent)}"] if 0 < len(silent) < len(kernels.boots) else []
    builds = list(dict.fromkeys(boots.build for boots in kernels.boots))
    if len(builds) > 1:
        some.append(f"measured by {len(builds)} builds, which may differ by themselves: {'; '.join(builds[:3])}")
    marks = [f"{boots.kernel.name}: {mark}" for boots in kernels.boots for mark in boots.marks]
    more = [f"and {len(marks) - MOST_MARKS} more of the kind"] if len(marks) > MOST_MARKS else []
    return [*off, *some, *marks[:MOST_MARKS], *more, *(f"not booted: {line}" for line in kernels.left_out)]


def _without_why(kernels: Kernels, why: Sequence[Figure]) -> str:
    if why:
        return ""
    profiled = sum(boots.profile is not None for boots in kernels.boots)
    if profiled < 2:
        return (f"{profiled or 'None'} of these kernels {'has' if profiled < 2 else 'have'} a profile of its functions. "
                "scripts/kernels profile counts them.")
    return "No case changed between two kernels of one flavour that both have a profile."


def _not_measured(kernels: Kernels) -> Iterator[str]:
    """A line a reason; where it does not hold on all kernels, which they are."""
    cases: dict[str, set[str]] = {}
    where: dict[str, list[str]] = {}
    for boots in kernels.boots:
        for one in boots.not_measured:
            cases.setdefault(one.reason, set()).add(one.case)
            where.setdefault(one.reason, []).append(boots.kernel.name)
    for reason, names in where.items():
        only = list(dict.fromkeys(names))
        on = f", on {words.joined(only)}" if len(only) < len(kernels.boots) else ""
        yield f"{len(cases[reason])} {'case' if len(cases[reason]) == 1 else 'cases'}{on}: {reason}"


def _table(kernels: Kernels) -> Table:
    keys = list(dict.fromkeys(key for boots in kernels.boots for key, _ in boots.kernel.facts))
    rows = []
    for boots in kernels.boots:
        facts = dict(boots.kernel.facts)
        most = max((reading.boots for reading in boots.readings.values()), default=0)
        check = f"{boots.check.low:.2f}–{boots.check.high:.2f}" if boots.check else words.MISSING
        rows.append((boots.kernel.id, boots.kernel.version, boots.kernel.flavour or words.MISSING, str(most),
                     str(len(boots.readings)), check, "yes" if boots.profile else "no",
                     *(facts.get(key, words.MISSING) for key in keys)))
    columns = ("kernel", "version", "flavour", "boots", "cases", "self-check", "profile")
    return Table((*columns, *(key.replace("_", " ") for key in keys)), 3, tuple(rows), len(keys))
