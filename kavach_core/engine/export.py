"""Audit rows as text for other programs: CSV that spreadsheets read safely, JSON and JSON Lines that say the same.

Text comes row by row, so that an export of any size takes constant memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

from kavach_core.errors import InvalidInput
from kavach_core.storage.values import encode_json
from kavach_schema.records import AuditLog

COLUMNS: Final = tuple(AuditLog.model_fields)

ExportFormat = Literal["csv", "json", "jsonl"]

FORMATS: Final[tuple[ExportFormat, ...]] = ("csv", "json", "jsonl")

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of rows that are written."""

PROGRESS_EVERY: Final = 1000
"""Rows between two calls of a progress callback."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula begins with, in full-width characters too, which some spreadsheets take for the same."""


class TextFile(Protocol):
    """What an export is written to."""

    def write(self, text: str, /) -> object:
        """Append text."""


class Export:
    """Write audit rows to a file, one after another, and tell how far it is."""

    def __init__(self, file: TextFile, format: ExportFormat, progress: Progress | None) -> None:
        """Write what stands before the rows; raises `InvalidInput` for another format."""
        if format not in FORMATS:
            raise InvalidInput('format: use "csv", "json" or "jsonl"')
        self.rows = 0
        self._file = file
        self._format = format
        self._progress = progress
        file.write(_csv_line(COLUMNS) if format == "csv" else "[" if format == "json" else "")

    def write(self, row: AuditLog) -> None:
        """Write a row."""
        self.rows += 1
        if self._format == "csv":
            text = _csv_line([_cell(getattr(row, name)) for name in COLUMNS])
        elif self._format == "jsonl":
            text = f"{row.model_dump_json()}\n"
        else:
            text = ("" if self.rows == 1 else ",\n") + row.model_dump_json()
        self._file.write(text)
        if self._progress is not None and self.rows % PROGRESS_EVERY == 0:
            self._progress(self.rows)

    def finish(self) -> int:
        """Write what stands behind the rows, and return how many there were."""
        if self._format == "json":
            self._file.write("]\n")
        if self._progress is not None and (self.rows % PROGRESS_EVERY or not self.rows):
            self._progress(self.rows)
        return self.rows


def _csv_line(cells: list[object] | tuple[str, ...]) -> str:
    """Return a line of RFC 4180."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> object:
    """Return a cell; text that a spreadsheet would run as a formula gets an apostrophe (OWASP, CSV injection)."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        value = encode_json(value, "parameters")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
