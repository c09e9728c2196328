"""The completion of bash: tables made of the help, before the functions that read them."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from help_texts import Help

_FUNCTIONS = Path(__file__).with_name("completion.bash")
_CHOICES = re.compile(r"\{(.*)\}")
_FEW_FORMATS = re.compile(r"--format FORMATS +of the charts: ([\w, ]+), one or several")
# By the word that stands for a value in the help: what completes it.
_KINDS = {"RUN": "run", "BASE": "run", "NEW": "run", "DIR": "folder", "CHARTS": "folder", "FILE": "file", "PAGE": "file",
          "PATH": "file", "BUNDLE": "file", "RE": "case", "CASE": "case"}


def write(commands: Sequence[Help], folder: Path) -> None:
    """A file for ipcmark, and one for the reporting commands, which other packages hold, with a link by each one's name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for some in (commands[:1], commands[1:]):
        names = [one.words[0] for one in some]
        for name in names[1:]:
            (folder / name).symlink_to(names[0])
        if names:
            (folder / names[0]).write_text(_script(some, names))


def _script(commands: Sequence[Help], names: list[str]) -> str:
    # Those of a checkout are completed by the path that is typed: `history` alone is a command of the shell.
    scripts = [name.replace("ipcmark-", prefix) for name in names if "-" in name for prefix in ("scripts/", "./scripts/")]
    return "\n".join([f"# Completes {', '.join(names)} in bash; made by the build from what they say by --help.",
                      "declare -gA _ipcmark_words _ipcmark_value _ipcmark_operands",
                      *(line for one in commands for line in _tables(one)), "", _FUNCTIONS.read_text(),
                      f"complete -F _ipcmark {' '.join(names + scripts)}", ""])


def _tables(command: Help) -> Iterator[str]:
    key = " ".join(command.words)
    words = [name for option in command.options for name in option.names if name.startswith("--")]
    yield _entry("words", key, [*(one.words[-1] for one in command.below), *words])
    yield _entry("operands", key, [_KINDS.get(word, "none") for word in command.operands])
    for option in command.options:
        if option.value:
            for name in option.names:
                yield _entry("value", f"{key} {name}", [_kind(option.value, command.text)])
    for one in command.below:
        yield from _tables(one)


def _kind(value: str, text: str) -> str:
    if choices := _CHOICES.fullmatch(value):
        return f"={choices[1].replace(',', ' ')}"
    if value == "FORMATS" and (formats := _FEW_FORMATS.search(text)):
        return f"={formats[1].replace(',', '')}"
    return _KINDS.get(value, "none")


def _entry(table: str, key: str, words: Sequence[str]) -> str:
    return f"_ipcmark_{table}[{shlex.quote(key)}]={shlex.quote(' '.join(words))}"
