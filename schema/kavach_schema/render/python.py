"""The model as Python source: frozen records, and the typed keywords that writers accept."""

from __future__ import annotations

from collections.abc import Iterable

from kavach_schema.model import UNSET, Column, Table

_TYPES = {"text": "str", "integer": "int", "boolean": "bool", "time": "datetime"}

_NOTE = "# Generated from kavach_schema.tables by tools/generate.py: do not edit.\n"


def render_records(tables: Iterable[Table[object]]) -> str:
    """Return the source of `kavach_schema.records`."""
    parts = [
        _NOTE,
        '"""The rows of all tables, as frozen records."""\n',
        "from datetime import datetime\n",
        "from pydantic import JsonValue\n",
        "from kavach_schema.record import Record\n",
        _exports(table.record for table in tables),
    ]
    for table in tables:
        fields = "\n".join(f"    {c.name}: {_annotation(c)}{_default(c)}" for c in table.columns)
        parts.append(f'class {table.record}(Record):\n    """{table.doc}"""\n\n{fields}\n')
    return "\n".join(parts)


def render_inputs(tables: Iterable[Table[object]]) -> str:
    """Return the source of `kavach_schema.inputs`."""
    names = [f"{table.record}{kind}" for table in tables for kind in ("Input", "Changes")]
    parts = [
        _NOTE,
        '"""The keywords with which rows are written: `Input` for a new row, `Changes` for a stored one."""\n',
        "from datetime import datetime\nfrom typing import NotRequired, TypedDict\n",
        "from pydantic import JsonValue\n",
        _exports(names),
    ]
    for table in tables:
        new = "\n".join(
            f"    {c.name}: " + (f"NotRequired[{_annotation(c)}]" if c.optional else _annotation(c))
            for c in table.columns
        )
        changes = "\n".join(f"    {c.name}: {_annotation(c)}" for c in table.columns if c.name != table.key)
        parts.append(f'class {table.record}Input(TypedDict):\n    """A new row of `{table.name}`."""\n\n{new}\n')
        parts.append(
            f"class {table.record}Changes(TypedDict, total=False):\n"
            f'    """Changes to a row of `{table.name}`: what is left out stays."""\n\n{changes}\n'
        )
    return "\n".join(parts)


def _exports(names: Iterable[str]) -> str:
    return "__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]\n"


def _annotation(column: Column) -> str:
    annotation = column.annotation if column.kind == "json" else _TYPES[column.kind]
    return f"{annotation} | None" if column.nullable else annotation


def _default(column: Column) -> str:
    if column.default is not UNSET:
        return f" = {column.default!r}"
    return " = None" if column.nullable else ""
