"""Writes a Summary as one self-contained HTML page; with markup.py the only module that writes HTML."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from itertools import groupby
from pathlib import Path

from .markup import assets, drawings, environment
from .model import BadInput
from .recipes import command
from .text import one_line
from .views import Summary


def render(summary: Summary) -> str:
    """The page. All text is escaped; only drawings, the style sheet and the script, all made here, are not."""
    again = partial(command, summary.recipe)
    drawn = drawings(summary.figures, again)
    return environment().get_template("page.html.j2").render(
        summary=summary, figures=drawn.by_anchor, assets=assets(drawn.style), command=again,
        head_rows=[(topic, list(rows)) for topic, rows in groupby(summary.headline.rows, lambda row: row.topic)],
        changed=[row for row in summary.environment if row.end is not None],
    )


def write(page: str, target: Path) -> None:
    """Writes the whole page or nothing: a temporary file beside the target, synced, then renamed."""
    name = one_line(str(target))
    if target.is_dir():
        raise BadInput(f"{name}: is a directory; give --out the name of a file, for example report.html")
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".report-", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(page.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        # mkstemp gives 0600; a page follows the user's umask like any file.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise BadInput(f"{name}: cannot be written: {error.strerror}; "
                       "give --out a place in a directory you can write") from error
    finally:
        # After the rename the name is gone; after any failure it must go.
        if temporary is not None and os.path.lexists(temporary):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
