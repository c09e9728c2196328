"""The command that measures a case of a run again, or several that one figure sums up."""

from __future__ import annotations

import re
import shlex

from .model import NO_FILTER, RunInfo
from .views import Recipe

# What ipcmark's presets ask for: rounds, windows of a process, their length and the warm-up, ms.
_PRESETS = {
    "quick": ("6", "4", "12", "10"),
    "default": ("20", "8", "50", "100"),
    "rigorous": ("40", "8", "50", "100"),
    "path": ("1", "3", "0", "0"),
}
# What ipcmark run takes where none is named; a page of thousands of commands is shorter without.
_UNNAMED = "default"
_OPTIONS = ("--rounds", "--repetitions", "--window-ms", "--warmup-ms")
# In the name of several cases: whatever stands there.
ANY = "…"
# What means something in an extended regular expression, regex(7).
_SPECIAL = re.compile(r"[.\[\\()*+?{|^$]")


def recipe_of(info: RunInfo) -> Recipe:
    """The run's preset, and what of its settings was not that preset's."""
    asked = (str(info.rounds), info.repetitions, info.window_ms, info.warmup_ms)
    usual = _PRESETS.get(info.preset, (None,) * len(asked))
    other = [f"{option} {value}" for option, value, preset in zip(_OPTIONS, asked, usual)
             if value != preset and value.isascii() and value.isdigit()]
    preset = [f"--preset {info.preset}"] if info.preset in _PRESETS and info.preset != _UNNAMED else []
    before = " ".join(["ipcmark run", *preset, *other])
    filtered = f" --filter {shlex.quote(info.filter)}" if info.filter != NO_FILTER else ""
    return Recipe(f"{before} --filter", filtered)


def cases(measure: str = ANY, noun: str = ANY, placement: str = ANY) -> str:
    """The name of all cases that have these, for command()."""
    parts = [measure] if noun == ANY else [measure, noun]
    return "/".join([*parts, ANY] if placement == ANY else [*parts, ANY, f"placement:{placement}"]).replace(f"{ANY}/{ANY}", ANY)


def command(recipe: Recipe, case: str) -> str:
    """A line for a shell; --filter takes an extended regular expression that is to be found in the name."""
    if ANY in case and (recipe.filtered or case == ANY):
        return f"{recipe.before.removesuffix(' --filter')}{recipe.filtered}"
    name = _SPECIAL.sub(lambda found: f"\\{found.group()}", case).replace(ANY, ".*")
    return f"{recipe.before} {shlex.quote(f'^{name}$')}"
