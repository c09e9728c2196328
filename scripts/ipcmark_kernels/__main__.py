"""The command `kernels COMMAND ...`; each sub-command is a module of commands/ with SUMMARY, add_options and execute."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType, ModuleType

from ipcmark_report.command_line import BAD_INPUT, Parser
from ipcmark_report.model import BadInput
from ipcmark_report.text import one_line

from .commands import available, fetch, judge, profile, report, run

COMMANDS: dict[str, ModuleType] = {"available": available, "fetch": fetch, "run": run, "profile": profile, "report": report,
                                   "judge": judge}


class _Ended(BaseException):
    """A signal asked for the end; what is under way is taken back on the way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _end)
    try:
        status = int(options.execute(options))
        sys.stdout.flush()
        return status
    except BadInput as error:
        print(f"kernels: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # Whoever read has seen enough; the interpreter must not write the rest on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        place = f"{one_line(str(error.filename))}: " if error.filename else ""
        print(f"kernels: {place}{error.strerror or one_line(str(error))}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("kernels: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except _Ended:
        print("kernels: ended by SIGTERM", file=sys.stderr)
        return 128 + signal.SIGTERM


def _end(number: int, frame: FrameType | None) -> None:
    raise _Ended


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="kernels", description="Measures what IPC costs on Debian's kernels, each booted in QEMU.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".")
        module.add_options(command)
        command.set_defaults(execute=module.execute)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
