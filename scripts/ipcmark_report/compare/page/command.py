"""The command that measures one case of a comparison again."""

from __future__ import annotations

import shlex
from dataclasses import replace

from ...recipes import recipe_of
from ...views import Recipe
from ..model import Comparison, Design


def recipe(comparison: Comparison) -> Recipe:
    """As the new run was measured: in turn with the other build where they took turns, else by itself, and then
    once on each side."""
    own = recipe_of(comparison.new.info)
    if comparison.design is not Design.INTERLEAVED:
        return own
    before = own.before.removesuffix("--filter")
    return replace(own, before=f"{before}--versus {shlex.quote(comparison.new.info.bundle or 'FOLDER')} --filter")


def says(comparison: Comparison) -> str:
    """What a reader must know who types it."""
    if comparison.design is Design.INTERLEAVED:
        folder = comparison.base.info.bundle
        return f"The ipcmark of the base, {folder}, measures both." if folder else "The ipcmark of the base measures both."
    return "These runs did not take turns: a command measures one side, and has to be given on both."
