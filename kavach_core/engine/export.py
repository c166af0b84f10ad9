"""Audit rows as text for other programs: CSV that spreadsheets read safely, JSON that says the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from kavach_core.storage.values import encode_json
from kavach_schema.records import AuditLog

COLUMNS: Final = tuple(AuditLog.model_fields)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def render_csv(rows: Iterable[AuditLog]) -> str:
    """Return rows as RFC 4180 with a header; times are ISO 8601, JSON is JSON text, None is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in COLUMNS])
    return text.getvalue()


def render_json(rows: Iterable[AuditLog]) -> str:
    """Return rows as a JSON array of objects; times are ISO 8601."""
    return "[" + ",\n".join(row.model_dump_json() for row in rows) + "]\n"


def _cell(value: object) -> object:
    """Return a cell; text that a spreadsheet would run as a formula gets an apostrophe (OWASP, CSV injection)."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        value = encode_json(value, "parameters")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
