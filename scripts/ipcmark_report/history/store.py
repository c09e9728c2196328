"""The history's file: SQLite, opened only where it is ours and whole, changed by whole runs only."""

from __future__ import annotations

import os
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..estimates import ESTIMATORS, Estimate
from ..files import umask
from ..machines import Machine
from ..model import BadInput
from ..stats import Spread
from ..text import one_line
from .record import Record, RunFacts

APPLICATION = 0x69706D6B  # "ipmk", in the file's header
VERSION = 1
WAIT_S = 60.0
SCHEMA = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, machine_known INTEGER NOT NULL,
  kernel TEXT NOT NULL, kernel_version TEXT NOT NULL, kernel_build TEXT NOT NULL, boot TEXT NOT NULL,
  started_at TEXT NOT NULL, version TEXT NOT NULL, git TEXT NOT NULL, preset TEXT NOT NULL, labels INTEGER NOT NULL,
  complete INTEGER NOT NULL, path TEXT NOT NULL, cases INTEGER NOT NULL);
CREATE INDEX run_by_time ON run (started_at, id);
CREATE TABLE case_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- `process` is one float of 4 bytes a process, in the order of the rounds.
CREATE TABLE estimate (
  case_id INTEGER NOT NULL REFERENCES case_name, estimator INTEGER NOT NULL, run_id INTEGER NOT NULL REFERENCES run,
  median REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, process BLOB NOT NULL,
  PRIMARY KEY (case_id, estimator, run_id)) WITHOUT ROWID;
"""
FACTS = ("digest, machine, machine_known, kernel, kernel_version, kernel_build, boot, started_at, version, git, "
         "preset, labels, complete, path")
NUMBER = {name: index for index, name in enumerate(ESTIMATORS)}


class Added(Enum):
    NEW = "added"
    SAME = "there already, nothing changed"
    RESUMED = "added, in place of what there was of it while it was partial"


@dataclass(frozen=True)
class StoredRun:
    facts: RunFacts
    cases: int


@dataclass(frozen=True)
class Observation:
    """One figure of one case in one run: ns an operation, over its processes."""

    run: RunFacts
    spread: Spread


class Store:
    """An open history. Every method is one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, record: Record) -> Added:
        with self._writing():
            facts = record.facts
            if self._one("SELECT id FROM run WHERE digest = ?", facts.digest) is not None:
                return Added.SAME
            partial = self._one("SELECT id FROM run WHERE path = ? AND started_at = ? AND NOT complete",
                                facts.path, facts.started_at)
            if partial is not None:
                self._delete(partial)
            names = sorted({estimate.case.text for estimate in record.estimates})
            run = self._insert_run(facts, len(names))
            self._connection.executemany("INSERT OR IGNORE INTO case_name (name) VALUES (?)", [(n,) for n in names])
            ids = {name: self._one("SELECT id FROM case_name WHERE name = ?", name) for name in names}
            self._connection.executemany(
                "INSERT INTO estimate VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(ids[e.case.text], NUMBER[e.estimator], run, *_figures(e)) for e in record.estimates])
            return Added.NEW if partial is None else Added.RESUMED

    def remove(self, digest: str) -> None:
        with self._writing():
            found = self._one("SELECT id FROM run WHERE digest = ?", digest)
            if found is not None:
                self._delete(found)

    def runs(self) -> list[StoredRun]:
        """All runs, in the order of their start."""
        rows = self._connection.execute(f"SELECT {FACTS}, cases FROM run ORDER BY started_at, id")
        return [StoredRun(_facts(row), row[-1]) for row in rows]

    def case_names(self) -> list[str]:
        """The cases that some run has."""
        rows = self._connection.execute(
            "SELECT name FROM case_name c WHERE EXISTS (SELECT 1 FROM estimate WHERE case_id = c.id) ORDER BY name")
        return [name for name, in rows]

    def observations(self, case: str, estimator: str) -> list[Observation]:
        """The figure in every run that has it, in the order of their start."""
        rows = self._connection.execute(
            f"SELECT {FACTS}, median, low, high, length(process) / 4 FROM estimate e JOIN run r ON r.id = e.run_id "
            "WHERE case_id = (SELECT id FROM case_name WHERE name = ?) AND estimator = ? ORDER BY started_at, r.id",
            (case, NUMBER[estimator]))
        return [Observation(_facts(row), Spread(*row[-4:])) for row in rows]

    def processes(self, digest: str, case: str, estimator: str) -> tuple[float, ...]:
        """One value a process, to the seven digits that are kept; empty where the run has none."""
        row = self._connection.execute(
            "SELECT process FROM estimate WHERE case_id = (SELECT id FROM case_name WHERE name = ?) AND estimator = ? "
            "AND run_id = (SELECT id FROM run WHERE digest = ?)", (case, NUMBER[estimator], digest)).fetchone()
        return struct.unpack(f"<{len(row[0]) // 4}f", row[0]) if row else ()

    def check(self) -> None:
        """Raises what the mapping of opened() makes one line of, where the file is damaged anywhere."""
        found, = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        # Takes the lock before it looks: two writers must not both find a run missing.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _one(self, query: str, *values: object) -> int | None:
        row = self._connection.execute(query, values).fetchone()
        return row[0] if row else None

    def _insert_run(self, facts: RunFacts, cases: int) -> int | None:
        values = (facts.digest, facts.machine.key, facts.machine.known, facts.kernel, facts.kernel_version,
                  facts.kernel_build, facts.boot, facts.started_at, facts.version, facts.git, facts.preset,
                  facts.labels, facts.complete, facts.path, cases)
        marks = ", ".join("?" * len(values))
        return self._connection.execute(f"INSERT INTO run ({FACTS}, cases) VALUES ({marks})", values).lastrowid

    def _delete(self, run: int) -> None:
        self._connection.execute("DELETE FROM estimate WHERE run_id = ?", (run,))
        self._connection.execute("DELETE FROM run WHERE id = ?", (run,))


@contextmanager
def opened(path: Path, create: bool = False) -> Iterator[Store]:
    """The history in the file, made where it is missing and `create` says so; whatever is wrong is BadInput."""
    name = one_line(str(path))
    if create and not path.exists():
        _create(path, name)
    _check_header(path, name)
    connection = None
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=WAIT_S,
                                     isolation_level=None)
        yield Store(connection)
    except sqlite3.Error as error:
        raise _refused(name, error) from error
    finally:
        if connection is not None:
            connection.close()


def _figures(estimate: Estimate) -> tuple[float, float, float, bytes]:
    values = [value for _, value in estimate.values]
    spread = estimate.spread
    return spread.median, spread.low, spread.high, struct.pack(f"<{len(values)}f", *values)


def _facts(row: tuple[Any, ...]) -> RunFacts:
    digest, machine, known, *texts, labels, complete, path = row[:len(FACTS.split(", "))]
    return RunFacts(digest, Machine(machine, bool(known)), *texts, labels=labels, complete=bool(complete), path=path)


def _create(path: Path, name: str) -> None:
    """A whole empty history under its name at once; one that another process made meanwhile stays."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".history-", suffix=".tmp", dir=path.parent)
        os.close(handle)
        os.chmod(temporary, 0o666 & ~umask())
        connection = sqlite3.connect(temporary, isolation_level=None)
        connection.executescript(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; {SCHEMA}")
        connection.close()
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise BadInput(f"{name}: cannot be made: {error.strerror}; give --store a place that you can write") from error
    except sqlite3.Error as error:
        raise _refused(name, error) from error
    finally:
        if temporary is not None and os.path.lexists(temporary):
            os.unlink(temporary)


def _check_header(path: Path, name: str) -> None:
    """Refuses what is not ours before SQLite opens it. The fields are those of sqlite.org/fileformat.html, 1.3."""
    if not path.exists():
        raise BadInput(f"{name}: there is no history yet; add a run with `history add RUN`, or name one with --store")
    if not path.is_file():
        raise BadInput(f"{name}: is no file; name a history with --store")
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror}; make it readable") from error
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise BadInput(f"{name}: is no history of ipcmark, or damaged, and was left as it is; "
                       "name another with --store")
    version, application = struct.unpack(">I", header[60:64])[0], struct.unpack(">I", header[68:72])[0]
    if application != APPLICATION:
        raise BadInput(f"{name}: is a database of another program, and was left as it is; name another with --store")
    if version != VERSION:
        raise BadInput(f"{name}: is a history of version {version}, this ipcmark knows version {VERSION}; "
                       "use the ipcmark that wrote it")


def _refused(name: str, error: sqlite3.Error) -> BadInput:
    text = one_line(str(error))
    if isinstance(error, sqlite3.OperationalError) and "locked" in text:
        return BadInput(f"{name}: is in use by another program for more than {WAIT_S:.0f} s; try again")
    if isinstance(error, sqlite3.OperationalError) and "no such" not in text:
        return BadInput(f"{name}: cannot be used: {text}; look at its place, its rights and the space there")
    return BadInput(f"{name}: is damaged ({text}) and was left as it is; restore a copy, or move it away and add the "
                    "runs again")
