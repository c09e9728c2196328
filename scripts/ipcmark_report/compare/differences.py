"""In what the machines, kernels, builds and settings of two sides differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..model import BadInput, Fact, Run
from ..text import shorten
from .facts import DECLARES, Kind, declared, is_volatile, kind_of
from .model import Difference

NOT_RECORDED = "not recorded"
# Of a kernel's command line, what names the kernel's own image.
_OF_THE_IMAGE = ("BOOT_IMAGE=", "initrd=")
# How the processes of a run were measured, beside the machine.
SETTINGS = "run"

Facts = dict[tuple[str, str], tuple[str, bool]]


def differences_of(base: Sequence[Run], new: Sequence[Run], varying: tuple[str, ...]) -> tuple[Difference, ...]:
    """Confounders first; of one kind in the order of their names."""
    ours, theirs = _facts(base), _facts(new)
    found = [one for name in sorted({*ours, *theirs})
             if (one := _difference(name, ours.get(name), theirs.get(name), varying)) is not None]
    return tuple(sorted(found, key=lambda one: (not one.confounds, one.varying, one.volatile)))


def check_varying(varying: Sequence[str], runs: Sequence[Run]) -> None:
    """Refuses a word that declares nothing: a typing error would leave a confounder undeclared, silently."""
    check_words(varying, (run.environment.start for run in runs))


def check_words(varying: Sequence[str], facts: Iterable[Sequence[Fact]]) -> None:
    known = {*DECLARES, SETTINGS}
    for own in facts if varying else ():
        for fact in own:
            known |= {fact.group, f"{fact.group}.{fact.key}"}
    for word in varying:
        if word not in known and not word.startswith(f"{SETTINGS}."):
            raise BadInput(f"--varying {shorten(word, 40)}: no such fact; name one of {', '.join(DECLARES)}, a group of "
                           "environment.json (memory) or one of its keys (memory.thp)")


def _facts(runs: Sequence[Run]) -> Facts:
    """What each fact was on one side; several boots may have several values of it."""
    texts: dict[tuple[str, str], dict[tuple[str, bool], None]] = {}
    for run in runs:
        for fact in (*run.environment.start, *_settings(run)):
            texts.setdefault((fact.group, fact.key), {})[_comparable(fact), fact.unknown] = None
    return {name: ("; ".join(sorted(text for text, _ in values)), all(unknown for _, unknown in values))
            for name, values in texts.items()}


def _settings(run: Run) -> tuple[Fact, ...]:
    info = run.info
    return tuple(Fact(SETTINGS, key, text, text == NOT_RECORDED) for key, text in (
        ("repetitions", info.repetitions), ("window_ms", info.window_ms), ("warmup_ms", info.warmup_ms)))


def _comparable(fact: Fact) -> str:
    if (fact.group, fact.key) != ("boot", "cmdline"):
        return fact.text
    return " ".join(word for word in fact.text.split() if not word.startswith(_OF_THE_IMAGE))


def _difference(name: tuple[str, str], ours: tuple[str, bool] | None, theirs: tuple[str, bool] | None,
                varying: tuple[str, ...]) -> Difference | None:
    missing = (NOT_RECORDED, True)
    (base, base_unknown), (new, new_unknown) = ours or missing, theirs or missing
    if (base_unknown and new_unknown) or (base, base_unknown) == (new, new_unknown):
        return None
    kind, is_declared = kind_of(*name), declared(varying, *name)
    # What is unknown on a side may differ or not.
    known = not base_unknown and not new_unknown
    confounds = kind is Kind.SETTING and known and not is_declared
    said = [f"unknown ({text})" if unknown and text != NOT_RECORDED else text
            for text, unknown in ((base, base_unknown), (new, new_unknown))]
    return Difference(*name, said[0], said[1], is_declared, is_volatile(kind), confounds)
