"""Bash completes the commands: every option, their values, runs and names of cases."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from built import BUILD

pytestmark = pytest.mark.xdist_group("packages")

_LIBRARY = Path("/usr/share/bash-completion/bash_completion")
_COMPLETIONS = BUILD / "package/manual/completions"
# Does what bash does at the tab key, once a line of its input, and prints what it would offer.
_TAB = r"""
source "$1"
source "$2/ipcmark"
source "$2/ipcmark-report"
compopt() { :; }
while IFS= read -r COMP_LINE; do
  COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
  # Words as bash breaks them: also at a colon and an equals sign.
  mapfile -t COMP_WORDS < <(grep -oE '[:=]+|[^ :=]+' <<<"$COMP_LINE")
  [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  complete -p "${COMP_WORDS[0]}" >/dev/null || exit 1
  _ipcmark
  echo "${COMPREPLY[*]}"
done
"""


def _offered(*lines: str, folder: Path = Path("/"), before: str = "") -> list[set[str]]:
    if not _LIBRARY.exists():
        pytest.skip("no bash-completion here: apt-get install bash-completion")
    if not (_COMPLETIONS / "ipcmark-report").exists():
        pytest.skip(f"{BUILD} has no completion: it is no Release build, or Python lacks packages")
    done = subprocess.run(["bash", "--norc", "-c", before + _TAB, "bash", _LIBRARY, _COMPLETIONS],
                          input="".join(f"{line}\n" for line in lines), cwd=folder, capture_output=True, text=True, timeout=60,
                          check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [set(line.split()) for line in done.stdout.splitlines()]


def _one(line: str, folder: Path = Path("/"), before: str = "") -> set[str]:
    return _offered(line, folder=folder, before=before)[0]


def test_every_option_of_the_help_is_offered(helps: dict[str, str]) -> None:
    offered = _offered(*(f"{words} --" for words in helps))
    for (words, text), found in zip(helps.items(), offered, strict=True):
        assert found == set(re.findall(r"^ {2,4}(?:-\w, )?(--[a-z-]+)", text, re.MULTILINE)), words


def test_sub_commands_are_offered_and_options_that_begin_so() -> None:
    assert _offered("ipcmark ", "ipcmark s", "ipcmark run --re", "ipcmark-history ", "ipcmark-kernels p") == [
        {"list", "check", "run", "selftest", "clean", "--help", "--version"}, {"selftest"}, {"--resume", "--repetitions"},
        {"add", "list", "trend", "remove", "--help"}, {"profile"}]


def test_one_of_several_values_is_offered() -> None:
    assert _offered("ipcmark run --preset ", "ipcmark run --preset=q", "ipcmark selftest --preset ", "ipcmark-export x --to cs",
                    "ipcmark-report x --format ", "ipcmark-compare a b --fail-on m", "ipcmark run --rounds ") == [
        {"quick", "default", "rigorous", "path"}, {"quick"}, {"quick", "default"}, {"csv"}, {"svg", "png", "pdf"},
        {"mix", "missing"}, set()]


@pytest.fixture()
def runs(tmp_path: Path) -> Path:
    """Of its folders two hold a run, one leads to one, and two are something else."""
    for file in ("mine/environment.json", "turns/base/environment.json", "below/yours/environment.json", "other/x", "page.html"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize("line", ["ipcmark run --resume ", "ipcmark-report ", "scripts/report a --out x ", "ipcmark-export ",
                                  "ipcmark-history add a ", "ipcmark-publish 2026-01-01-x ", "./scripts/compare --new "])
def test_runs_are_offered_and_what_leads_to_them(runs: Path, line: str) -> None:
    assert _one(line, folder=runs) == {"mine", "turns", "below"}


def test_files_and_folders_are_offered_where_they_are_wanted(runs: Path) -> None:
    assert _one("ipcmark-report mine --out ", folder=runs) == {"mine", "turns", "below", "other", "empty", "page.html"}
    assert _one("ipcmark run --out o", folder=runs) == {"other"}


def test_names_of_cases_are_offered_up_to_the_next_slash(tmp_path: Path) -> None:
    listing = "\n".join(["latency of pipe", "  latency/pipe/pipe/size:64/placement:same_core",
                         "  latency/pipe/fifo/size:64/placement:same_core  [cannot run here: no]", "  limits/cache_line/x"])
    fake = f"ipcmark() {{ [[ $1 != list ]] || cat <<'END'\n{listing}\nEND\n}}\n"
    assert _one("ipcmark run --filter l", before=fake) == {"latency/", "limits/"}
    assert _one("ipcmark run --filter latency/pipe/", before=fake) == {"latency/pipe/pipe/", "latency/pipe/fifo/"}
    # What stands before the colon is a word of its own to bash.
    assert _one("ipcmark run --filter latency/pipe/pipe/size:6", before=fake) == {"64/"}


def test_the_first_word_of_publish_is_a_name_of_its_own(runs: Path) -> None:
    assert _one("ipcmark-publish ", folder=runs) == set()


def test_an_installed_command_is_completed_without_being_asked_for(unpacked: Path, commands: tuple[str, ...]) -> None:
    if not _LIBRARY.exists():
        pytest.skip("no bash-completion here: apt-get install bash-completion")
    script = 'source "$1"; shift; for name; do _completion_loader "$name"; complete -p "$name"; done'
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", _LIBRARY, *commands], capture_output=True, text=True,
                          check=False, env={"PATH": "/usr/bin:/bin", "HOME": "/", "XDG_DATA_DIRS": str(unpacked / "usr/share")})
    assert done.stdout.splitlines() == [f"complete -F _ipcmark {name}" for name in commands], done.stderr
