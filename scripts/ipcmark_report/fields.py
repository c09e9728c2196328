"""Reads JSON files and their fields; whatever is wrong becomes one line that names the place."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .model import BadInput
from .text import one_line, plain, shorten

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Fields:
    """One JSON object, and where it stands."""

    path: Path
    values: dict[str, Any]

    def text(self, key: str) -> str:
        return plain(self._typed(key, str, "text"))

    def flag(self, key: str) -> bool:
        return self._typed(key, bool, "true or false")

    def count(self, key: str) -> int:
        value = self._typed(key, int, "a whole number")
        if isinstance(value, bool) or value < 0:
            raise self.wrong(key, "a whole number")
        return value

    def objects(self, key: str) -> list[Fields]:
        values = self._typed(key, list, "a list")
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, "a list of objects")
        return [Fields(self.path, value) for value in values]

    def child(self, key: str) -> Fields:
        return Fields(self.path, self._typed(key, dict, "an object"))

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._typed(key, list, "a list")
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "a list of texts")
        return tuple(plain(value) for value in values)

    def numbers(self, key: str) -> tuple[float, ...]:
        values = self._typed(key, list, "a list")
        if any(number_fault(value) for value in values):
            raise self.wrong(key, "a list of numbers")
        return tuple(float(value) for value in values)

    def shown(self, key: str, otherwise: str = "not recorded") -> str:
        """Any scalar as text: for what is only shown, never reckoned with."""
        return show(self.values[key]) if key in self.values else otherwise

    def wrong(self, key: str, expected: str) -> BadInput:
        return BadInput(
            f'{one_line(str(self.path))}: "{key}" is missing or not {expected}; '
            "the file does not follow reports/FORMAT.md, measure the run again"
        )

    def _typed(self, key: str, kind: type, expected: str) -> Any:
        value = self.values.get(key)
        if not isinstance(value, kind):
            raise self.wrong(key, expected)
        return value


def read_object(path: Path, remedy: str) -> Fields:
    """The JSON object in a file. The contract says a file is whole, so anything less is refused."""
    name = one_line(str(path))
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror}; {remedy}") from error
    try:
        value = json.loads(raw.decode("utf-8"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno} of {len(raw)} bytes"
        raise BadInput(f"{name}: not whole JSON at {place} ({error.msg}); {remedy}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 at byte {error.start}; {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name}: not usable JSON ({one_line(str(error))}); {remedy}") from error
    if not isinstance(value, dict):
        raise BadInput(f"{name}: holds no JSON object; {remedy}")
    return Fields(path, value)


def check_schema(fields: Fields) -> None:
    version = fields.values.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        found = (
            f"schema_version {shorten(show(version), 40)}" if version is not None else "no schema_version"
        )
        raise BadInput(
            f"{one_line(str(fields.path))}: {found}, this report reads schema_version "
            f"{SCHEMA_VERSION}; use the report of the ipcmark that measured this run"
        )


def show(value: Any) -> str:
    """A JSON value as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(show(item) for item in value) if value else "none"
    if isinstance(value, dict):
        return plain(json.dumps(value, sort_keys=True))
    return plain(str(value)) if value is not None else "none"


def number_fault(value: Any) -> str | None:
    """Why a value cannot be a measured number; None where it can."""
    # Nearly all of the millions of numbers of a run end here.
    if type(value) in (int, float) and 0 <= value < 2**63:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"is not a number ({one_line(show(value))[:40]})"
    if isinstance(value, float) and not math.isfinite(value):
        return "is NaN" if math.isnan(value) else "is infinite"
    if abs(value) >= 2**63:
        return "is too large"
    return f"is negative ({value:g})" if value < 0 else None
