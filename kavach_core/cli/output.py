"""Results of commands: tables and labelled lines for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from kavach_core.cli.terminal import Terminal, harmless
from kavach_core.client.types import Wire

Row = TypeVar("Row", bound=Wire)


def show_table(
    columns: Sequence[str], cells: Callable[[Row], Sequence[str]], rows: Iterable[Row], *, as_json: bool
) -> None:
    """Show rows as a table, or as one JSON array."""
    if as_json:
        print_json([row.to_dict() for row in rows])
    else:
        Terminal().table(columns, [[harmless(cell) for cell in cells(row)] for row in rows])


def show_fields(fields: Callable[[Row], Mapping[str, str | None]], rows: Iterable[Row], *, as_json: bool) -> None:
    """Show each row as labelled lines, without those that are empty, or all as one JSON array."""
    if as_json:
        print_json([row.to_dict() for row in rows])
        return
    for number, row in enumerate(rows):
        if number:
            print()
        _write(fields(row))


def show(value: Row, fields: Callable[[Row], Mapping[str, str | None]], *, as_json: bool) -> None:
    """Show one thing as labelled lines, without those that are empty, or as one JSON object."""
    if as_json:
        print_json(value.to_dict())
    else:
        _write(fields(value))


def _write(fields: Mapping[str, str | None]) -> None:
    terminal = Terminal()
    for label, text in fields.items():
        if text:
            terminal.field(label, harmless(text))


def print_json(value: object) -> None:
    """Write one line of JSON, in ASCII, to standard output at once."""
    print(json.dumps(value), flush=True)
