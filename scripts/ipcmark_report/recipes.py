"""The command that measures one case of a run again."""

from __future__ import annotations

import re
import shlex

from .model import RunInfo
from .views import Recipe

# What ipcmark's presets ask for: rounds, windows of a process, their length and the warm-up, ms.
_PRESETS = {
    "quick": ("6", "4", "12", "10"),
    "default": ("20", "8", "50", "100"),
    "rigorous": ("40", "8", "50", "100"),
    "path": ("1", "3", "0", "0"),
}
_OPTIONS = ("--rounds", "--repetitions", "--window-ms", "--warmup-ms")
# What means something in an extended regular expression, regex(7).
_SPECIAL = re.compile(r"[.\[\\()*+?{|^$]")


def recipe_of(info: RunInfo) -> Recipe:
    """The run's preset, and what of its settings was not that preset's."""
    asked = (str(info.rounds), info.repetitions, info.window_ms, info.warmup_ms)
    usual = _PRESETS.get(info.preset, (None,) * len(asked))
    other = [f"{option} {value}" for option, value, preset in zip(_OPTIONS, asked, usual)
             if value != preset and value.isascii() and value.isdigit()]
    preset = [f"--preset {info.preset}"] if info.preset in _PRESETS else []
    return Recipe(" ".join(["ipcmark run", *preset, *other, "--filter"]), "--out DIR")


def command(recipe: Recipe, case: str) -> str:
    """A line for a shell; --filter takes an extended regular expression that is to be found in the name."""
    name = _SPECIAL.sub(lambda found: f"\\{found.group()}", case)
    return f"{recipe.before} {shlex.quote(f'^{name}$')} {recipe.after}"
