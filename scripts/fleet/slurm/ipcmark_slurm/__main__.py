"""The command scripts/fleet/slurm/submit."""

from __future__ import annotations

import signal
import sys

from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .options import parse
from .submitting import carry_out


def main(words: list[str]) -> int:
    wish = parse(words)
    try:
        return carry_out(wish)
    except BadInput as error:
        print(f"submit: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        # As a name that is too long, or a folder that may not be entered.
        print(f"submit: {one_line(str(error.filename or wish.folder))}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("submit: interrupted; what was submitted stays, and `submit` again submits the rest", file=sys.stderr)
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
