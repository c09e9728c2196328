"""The store: whole runs or nothing, two writers at once, and files that are not ours."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ipcmark_report.history import store
from ipcmark_report.history.store import Added
from ipcmark_report.model import BadInput

from .made import CASE, estimate, facts, record

SCRIPTS = Path(__file__).resolve().parents[3]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "history.sqlite"


def filled(file: Path, count: int = 3) -> Path:
    with store.opened(file, create=True) as history:
        for number in range(count):
            history.add(record(number))
    return file


def program(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that has the store and the makers of records at hand."""
    head = "import sys, os\nfrom pathlib import Path\nfrom ipcmark_report.history import store\n" \
           "from ipcmark_report.history.tests.made import record\n"
    return subprocess.Popen([sys.executable, "-c", head + code, *map(str, arguments)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(SCRIPTS)})


def refused(file: Path) -> str:
    """The line, after a try to add that must leave every byte as it was."""
    before = file.read_bytes()
    with pytest.raises(BadInput) as caught, store.opened(file, create=True) as history:
        history.check()
        history.add(record(99))
    assert file.read_bytes() == before and [one.name for one in file.parent.iterdir()] == [file.name]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_run_comes_back_as_it_went_in(file: Path) -> None:
    kept = record(1, estimate([100.25, 99.5, 103.0]), estimate([7.0], estimator="tail"), boot="")
    with store.opened(file, create=True) as history:
        assert history.add(kept) is Added.NEW
    with store.opened(file) as history:
        assert [(run.facts, run.cases) for run in history.runs()] == [(kept.facts, 1)]
        seen, = history.observations(CASE, "quiet")
        assert (seen.run, seen.spread) == (kept.facts, kept.estimates[0].spread)
        assert history.processes(kept.facts.digest, CASE, "quiet") == (100.25, 99.5, 103.0)
        assert history.observations(CASE, "typical") == [] and history.case_names() == [CASE]


def test_adding_twice_changes_nothing(file: Path) -> None:
    filled(file)
    before = file.read_bytes()
    with store.opened(file) as history:
        assert history.add(record(1)) is Added.SAME
    assert file.read_bytes() == before


def test_a_run_that_went_on_takes_the_place_of_its_partial_self(file: Path) -> None:
    with store.opened(file, create=True) as history:
        history.add(record(1, complete=False))
        assert history.add(record(1)) is Added.RESUMED
        assert history.add(record(1, labels=2)) is Added.NEW
        assert [run.facts.complete for run in history.runs()] == [True, True]
        assert len(history.observations(CASE, "quiet")) == 2


def test_runs_come_in_the_order_of_their_start_however_they_were_added(file: Path) -> None:
    with store.opened(file, create=True) as history:
        for number in (5, 1, 3):
            history.add(record(number))
        days = [run.facts.started_at[:10] for run in history.runs()]
        assert days == ["2024-01-02", "2024-01-04", "2024-01-06"]
        assert [one.run.started_at[:10] for one in history.observations(CASE, "quiet")] == days


def test_a_removed_run_is_gone(file: Path) -> None:
    with store.opened(filled(file)) as history:
        history.remove(facts(1).digest)
        assert len(history.runs()) == len(history.observations(CASE, "quiet")) == 2


def test_two_writers_at_once_lose_nothing(file: Path) -> None:
    code = """
sys.stdin.readline()
first = int(sys.argv[2])
for number in range(first, first + 40):
    with store.opened(Path(sys.argv[1]), create=True) as history:
        history.add(record(number))
"""
    writers = [program(code, file, first) for first in (0, 20)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait() for writer in writers] == [0, 0]
    with store.opened(file) as history:
        assert len(history.runs()) == len(history.observations(CASE, "quiet")) == 60
        history.check()
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("after", ["INSERT INTO run", "INSERT INTO estimate", "COMMIT"])
def test_a_writer_that_is_killed_leaves_a_whole_store(file: Path, after: str) -> None:
    filled(file)
    code = """
import signal, sqlite3
from ipcmark_report.history.tests.made import estimate
class Dying(sqlite3.Connection):
    def execute(self, sql, *values):
        self.die_at(sql); return super().execute(sql, *values)
    def executemany(self, sql, values):
        done = super().executemany(sql, values); self.die_at(sql); return done
    def die_at(self, sql):
        if sql.startswith(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)
connect = sqlite3.connect
store.sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Dying)
with store.opened(Path(sys.argv[1])) as history:
    history._connection.execute("PRAGMA cache_size = 1")
    history.add(record(7, *[estimate([1.0] * 20, f"a/b/c/n:{n}/placement:x") for n in range(500)]))
"""
    assert program(code, file, after).wait() == -signal.SIGKILL
    # What the killed one had written so far is taken back at the next opening.
    assert after == "INSERT INTO run" or file.with_name(f"{file.name}-journal").exists()
    with store.opened(file) as history:
        history.check()
        assert len(history.runs()) == 3 and history.case_names() == [CASE]
        assert history.add(record(7)) is Added.NEW


def test_what_is_not_sqlite_is_left_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    for content in (b"", b"my thesis\n", b"\0" * 5000):
        file.write_bytes(content)
        assert "is no history of ipcmark" in refused(file)


def test_a_database_of_another_program_is_left_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    other = sqlite3.connect(file)
    other.executescript("PRAGMA application_id = 77; CREATE TABLE run (id);")
    other.close()
    assert "of another program" in refused(file)


def test_a_history_of_a_newer_version_is_left_as_it_is(file: Path) -> None:
    newer = sqlite3.connect(filled(file))
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    assert "version 2" in refused(file) and "use the ipcmark that wrote it" in refused(file)


def test_a_damaged_history_is_left_as_it_is(file: Path) -> None:
    whole = filled(file, 40).read_bytes()
    for damaged in (whole[:-4096], whole[:200], whole[:8192] + b"\xff" * 4096 + whole[12288:]):
        file.write_bytes(damaged)
        assert "damaged" in refused(file)


def test_a_missing_history_is_named(file: Path) -> None:
    with pytest.raises(BadInput, match="no history yet"), store.opened(file):
        pass
    assert not file.parent.exists()
