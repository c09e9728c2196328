"""From run directories to the page of their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...judging import load_selftest
from ...load import load_run
from ..comparison import compare_runs
from ..differences import check_varying
from .assemble import ComparisonPage, page_of


@dataclass(frozen=True)
class Asked:
    """How to compare. `varying` names what is compared, `filter` is a regular expression on the names of cases."""

    varying: tuple[str, ...] = ()
    selftest: Path | None = None
    filter: str | None = None


def comparison_page(paths: Sequence[Path], asked: Asked) -> ComparisonPage:
    """The first run against each of the others, or BadInput."""
    base, *others = [load_run(path) for path in paths]
    check_varying(asked.varying, [base, *others])
    selftest = load_selftest(asked.selftest) if asked.selftest is not None else None
    return page_of([compare_runs(base, new, varying=asked.varying, selftest=selftest, filter=asked.filter) for new in others])
