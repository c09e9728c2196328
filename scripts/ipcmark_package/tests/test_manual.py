"""The man pages say all that the commands do."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from built import BUILD, ROOT

pytestmark = pytest.mark.xdist_group("packages")


def _page(command: str) -> Path:
    page = BUILD / f"package/manual/man1/{command}.1.gz"
    if not page.exists():
        pytest.skip(f"{BUILD} has no {page.name}: it is no Release build, or had no help2man or not all Python packages")
    return page


def _sections(command: str) -> dict[str, str]:
    """The text of a page by its headings, as a terminal shows it but without bold and breaks."""
    roff = gzip.decompress(_page(command).read_bytes()).decode()
    plain = re.sub(r"\\f[BIR]|\\,|\\/", "", roff).replace("\\-", "-")
    _, *parts = re.split(r"^\.SH (.*)\n", plain, flags=re.MULTILINE)
    return dict(zip((heading.strip('"') for heading in parts[::2]), parts[1::2], strict=True))


def test_every_option_of_the_help_is_in_the_page(helps: dict[str, str]) -> None:
    for words, text in helps.items():
        command, *below = words.split()
        sections = _sections(command)
        options = re.findall(r"^ {2,4}(?:-\w, )?(--[a-z-]+)", text, re.MULTILINE)
        assert "--help" in options
        for option in options:
            written = sections[words.upper()] if below else "".join(sections.values())
            assert re.search(rf"^(?:-\w, )?{option}\b", written, re.MULTILINE), f"{words} {option}"


def test_every_sub_command_has_a_section(helps: dict[str, str]) -> None:
    wanted = [words.upper() for words in helps if " " in words]
    assert len(wanted) > 10
    assert all(heading in _sections(heading.split()[0].lower()) for heading in wanted)


def test_every_page_says_more_than_the_help(commands: tuple[str, ...]) -> None:
    for command in commands:
        sections = _sections(command)
        assert sections["NAME"].startswith(f"{command} - ")
        assert command in sections["EXAMPLES"] and ".BR ipcmark" in sections["SEE ALSO"]
        assert {"SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"} <= set(sections), command


def test_examples_use_only_options_that_there_are(helps: dict[str, str], commands: tuple[str, ...]) -> None:
    known = set(re.findall(r"--[a-z-]+", "".join(helps.values())))
    for command in commands:
        sections = _sections(command)
        used = {option for heading in ("EXAMPLES", "EXIT STATUS", "FILES", "ENVIRONMENT")
                for option in re.findall(r"--[a-z-]+", sections.get(heading, ""))}
        assert used <= known, command


def test_man_has_nothing_to_complain_of(commands: tuple[str, ...]) -> None:
    if shutil.which("man") is None:
        pytest.skip("no man here: apt-get install man-db")
    for command in commands:
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", _page(command)], capture_output=True,
                              text=True, check=False, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
        assert (done.returncode, done.stderr) == (0, "")


def test_without_help2man_and_python_packages_the_rest_is_made_and_what_lacks_is_said_once(tmp_path: Path) -> None:
    program, reporting = BUILD / "bin/ipcmark", BUILD / "package/reporting"
    if not program.exists():
        pytest.skip(f"{BUILD} has no ipcmark: scripts/build release")
    done = subprocess.run(["/usr/bin/python3", "-S", ROOT / "scripts/ipcmark_package/manual", "--program", program, "--reporting", reporting,
                           "--version", "0", "--out", tmp_path], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lacking, left_out = done.stderr.splitlines()
    assert lacking == "no man pages: they need help2man (apt-get install help2man)"
    assert re.fullmatch(r"no man pages and no completion of the reporting commands: Python lacks \w+", left_out)
    assert [file.name for file in (tmp_path / "completions").iterdir()] == ["ipcmark"]
    assert not list((tmp_path / "man1").iterdir())
