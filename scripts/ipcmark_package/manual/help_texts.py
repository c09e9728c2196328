"""What every command says of itself by --help: the one source of the man pages and of the shell's completion."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# By the name of the man page: the Python module behind it.
REPORTING = {
    "ipcmark-report": "ipcmark_report.__main__",
    "ipcmark-compare": "ipcmark_report.compare.__main__",
    "ipcmark-export": "ipcmark_report.export.__main__",
    "ipcmark-history": "ipcmark_report.history.__main__",
    "ipcmark-publish": "ipcmark_report.publish.__main__",
    "ipcmark-kernels": "ipcmark_kernels.__main__",
}
# A line of help for each, wherever it would be broken for a terminal.
_ONE_LINE = "10000"
_USAGE = re.compile(r"^usage: (.*(?:\n +.*)*)\n+", re.IGNORECASE | re.MULTILINE)
_OPTION = re.compile(r"^ {1,4}(?:(?P<short>-\w), )?(?:-\w(?: \S+)?, )?(?P<long>--[\w-]+)(?: (?P<value>\S+))?(?:  +|$)", re.MULTILINE)
_SUBCOMMANDS = re.compile(r"^(?:Subcommands|positional arguments):\n((?: +.*\n)*)", re.MULTILINE)
_OPERAND = re.compile(r"^  (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Option:
    """`value` is the word that stands for its value in the help, {a,b} where it is one of these; "" where it has none."""

    names: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Help:
    """Of a command or a sub-command. `text` is all of it but the usage."""

    words: tuple[str, ...]
    usage: str
    text: str
    below: tuple[Help, ...] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        return tuple(Option(tuple(name for name in (found["short"], found["long"]) if name), (found["value"] or "").strip("[]"))
                     for found in _OPTION.finditer(self.text))

    @property
    def operands(self) -> tuple[str, ...]:
        """The words that stand for its arguments, in their order."""
        found = _SUBCOMMANDS.search(self.text)
        return tuple(_OPERAND.findall(found[1])) if found and not self.below else ()


def of_program(program: Path) -> Help:
    """Of ipcmark and its sub-commands."""
    def said(*words: str) -> str:
        return subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout

    return _help(("ipcmark",), said(), said)


def of_module(name: str, module: str) -> Help:
    """Of a reporting command, whose packages are on sys.path, and its sub-commands."""
    main = importlib.import_module(module).main
    os.environ["COLUMNS"] = _ONE_LINE

    def said(*words: str) -> str:
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            main([*words, "--help"])
        return text.getvalue()

    return _help((name,), said(), said)


def _help(words: tuple[str, ...], text: str, of_word: Callable[[str], str]) -> Help:
    usage = _USAGE.search(text)
    if usage is None:
        raise ValueError(f"{' '.join(words)} --help says no usage:\n{text}")
    below = tuple(_help((*words, word), of_word(word), of_word) for word in _subcommands(text)) if len(words) == 1 else ()
    return Help(words, " ".join(usage[1].split()), text.replace(usage[0], "\n", 1).strip() + "\n", below)


def _subcommands(text: str) -> list[str]:
    found = _SUBCOMMANDS.search(text)
    # argparse lists them below the word that stands for them.
    indent = 2 if text.count("\nSubcommands:") else 4
    return re.findall(rf"^ {{{indent}}}([a-z]\S*)", found[1], re.MULTILINE) if found else []


def all_of(program: Path, reporting: Path) -> tuple[list[Help], str]:
    """Every command's, and why those for reporting are left out, if they are."""
    found = [of_program(program)]
    sys.path.insert(0, str(reporting))
    sys.dont_write_bytecode = True
    try:
        return found + [of_module(name, module) for name, module in REPORTING.items()], ""
    except ModuleNotFoundError as error:
        return found, f"Python lacks {error.name}"
