"""The command that measures one case of a comparison again."""

from __future__ import annotations

import re
import shlex

from ...model import Case, RunInfo
from ..model import Comparison, Design

# Options of the recorded command that the new one gives itself, or that only fit the run of then.
_REPLACED = ("--filter", "--out", "--seed")
_SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")


def reproduce(comparison: Comparison, case: Case) -> str:
    """As it was typed then, for this case alone. For runs that did not take turns: once on each side."""
    own = ["--filter", "^" + _SPECIAL.sub(r"\\\1", case.text) + "$"]
    words = _typed(comparison.new.info)
    if comparison.design is Design.INTERLEAVED and "--versus" not in _names(words):
        words += ["--versus", "FOLDER"]
    return shlex.join([*words, *own])


def _typed(info: RunInfo) -> list[str]:
    """The words of the recorded command without what is replaced; where it was another, the preset's."""
    try:
        words = shlex.split(info.command)
    except ValueError:
        words = []
    if "run" not in words[1:2] or "--resume" in _names(words):
        return ["ipcmark", "run", *(["--preset", info.preset] if info.preset != "not recorded" else [])]
    kept: list[str] = []
    skip = False
    for word in words:
        name, equals, _ = word.partition("=")
        if not skip and name not in _REPLACED:
            kept.append(word)
        skip = not skip and name in _REPLACED and not equals
    return kept


def _names(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words}
