"""The model as schema.prisma, for hosts that generate their own client.

The tables are those of the DDL: models and fields have Prisma's names and are mapped to our tables and columns. There
are no relations, for our tables have no foreign keys. What Prisma has no word for is the exact comparison of text:
tables that Prisma creates compare as the database does by default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from kavach_schema.model import UNSET, Column, Index, Table
from kavach_schema.render.ddl import DEFAULT_NAMING, Naming

Provider = Literal["sqlite", "postgresql", "mysql"]

PROVIDERS: Final[tuple[Provider, ...]] = get_args(Provider)

_TYPES: Final = {"text": "String", "integer": "BigInt", "boolean": "Boolean", "json": "Json", "time": "BigInt"}

_UNBOUNDED: Final = {"postgresql": "@db.Text", "mysql": "@db.LongText"}

_HEAD: Final = """\
// Generated from kavach_schema.tables by tools/generate.py for {provider}: do not edit.
// Copy the models into your own schema, or let `kavach schema prisma --merge path/to/schema.prisma` add them.

generator client {{
  provider             = "prisma-client-py"
  interface            = "asyncio"
  recursive_type_depth = -1
}}

datasource db {{
  provider = "{provider}"
  url      = env("DATABASE_URL")
}}
"""

_COMMENT_OR_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')
_BLOCK: Final = re.compile(r"^[ \t]*(model|view|datasource)[ \t]+(\w+)[ \t]*\{(.*?)^[ \t]*\}", re.MULTILINE | re.DOTALL)
_MAPPED: Final = re.compile(r'^[ \t]*@@map\((?:[ \t]*name[ \t]*:)?[ \t]*"([^"]+)"', re.MULTILINE)
_PROVIDER: Final = re.compile(r'^[ \t]*provider[ \t]*=[ \t]*"(\w+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Merged:
    """A host's schema with our models: its text, and the names of the models that were added and of those kept."""

    text: str
    added: tuple[str, ...]
    kept: tuple[str, ...]


def field_name(column: str) -> str:
    """Return the name that a column's field has in Prisma and in the generated client: `owner_id` is `ownerId`."""
    first, *rest = column.split("_")
    return first + "".join(word.capitalize() for word in rest)


def render_prisma(tables: Iterable[Table[object]], provider: Provider, naming: Naming = DEFAULT_NAMING) -> str:
    """Return a whole schema.prisma: a generator and a datasource to begin with, and all models."""
    return _HEAD.format(provider=provider) + "\n" + render_models(tables, provider, naming)


def render_models(tables: Iterable[Table[object]], provider: Provider, naming: Naming = DEFAULT_NAMING) -> str:
    """Return the models alone, as `prisma format` would write them.

    Raises:
        ValueError: the tables are in a schema of PostgreSQL, which Prisma has only as a preview.
    """
    if naming.schema is not None:
        raise ValueError("Prisma takes the schema of PostgreSQL from the URL (?schema=...), not from the models")
    return "\n".join(_model(table, provider, naming) for table in tables)


def merge_models(
    schema: str,
    tables: Iterable[Table[object]],
    naming: Naming = DEFAULT_NAMING,
    *,
    expected: str | None = None,
) -> Merged:
    """Add the models that a host's schema lacks to its end, and change nothing else in it.

    A model is there already if one has its name or is mapped to its table. `expected` is the provider that the schema
    must have.

    Raises:
        ValueError: the schema has no datasource, another than expected, or one that we have no models for.
    """
    blocks = _BLOCK.findall(_COMMENT_OR_STRING.sub(_without_comment, schema.replace("\r\n", "\n")))
    provider = _provider_of([body for kind, _, body in blocks if kind == "datasource"])
    if expected not in (None, provider):
        raise ValueError(f"the schema's datasource has the provider {provider!r}, not {expected!r}")
    models = [(name, body) for kind, name, body in blocks if kind != "datasource"]
    names = {name for name, _ in models}
    mapped = {_mapped_to(name, body) for name, body in models}
    known = [(table, table.model in names or naming.table(table.name) in mapped) for table in tables]
    missing = [table for table, there in known if not there]
    kept = tuple(table.model for table, there in known if there)
    if not missing:
        return Merged(schema, (), kept)
    ends = "\r\n" if "\r\n" in schema else "\n"
    text = "\n" + render_models(missing, provider, naming)
    gap = "" if not schema or schema.endswith("\n") else ends
    return Merged(schema + gap + text.replace("\n", ends), tuple(table.model for table in missing), kept)


def _without_comment(found: re.Match[str]) -> str:
    return "" if found[0].startswith("//") else found[0]


def _provider_of(datasources: Sequence[str]) -> Provider:
    found = [match[1] for body in datasources if (match := _PROVIDER.search(body))]
    if not found:
        raise ValueError("the schema has no datasource with a provider; add one before you merge")
    name = "postgresql" if found[0] == "postgres" else found[0]
    for provider in PROVIDERS:
        if provider == name:
            return provider
    raise ValueError(f"there are no models for the provider {name!r}, only for {', '.join(PROVIDERS)}")


def _mapped_to(name: str, body: str) -> str:
    match = _MAPPED.search(body)
    return match[1] if match else name


def _model(table: Table[object], provider: Provider, naming: Naming) -> str:
    name = naming.table(table.name)
    indexes = table.constraints(name)
    unique = {index.columns[0]: index for index in indexes if index.unique and len(index.columns) == 1}
    fields = [
        (field_name(c.name), _type(c, provider), _attributes(c, provider, c.name == table.key, unique.get(c.name)))
        for c in table.columns
    ]
    widths = [max(len(field[i]) for field in fields) for i in (0, 1)]
    lines = [f"  {field:<{widths[0]}} {kind:<{widths[1]}} {attributes}".rstrip() for field, kind, attributes in fields]
    blocks = [_block(index) for index in indexes if index not in unique.values()]
    tail = "".join(f"  {block}\n" for block in (*blocks, f'@@map("{name}")'))
    return f"/// {table.doc}\nmodel {table.model} {{\n" + "\n".join(lines) + f"\n\n{tail}}}\n"


def _block(index: Index) -> str:
    fields = ", ".join(map(field_name, index.columns))
    return f'@@{"unique" if index.unique else "index"}([{fields}], map: "{index.name}")'


def _type(column: Column, provider: Provider) -> str:
    kind = "String" if column.kind == "json" and provider == "sqlite" else _TYPES[column.kind]
    return kind + ("?" if column.nullable else "")


def _attributes(column: Column, provider: Provider, is_key: bool, unique: Index | None) -> str:
    parts = ["@id"] if is_key else []
    if unique is not None:
        parts.append(f'@unique(map: "{unique.name}")')
    if column.default is not UNSET:
        parts.append(f"@default({json.dumps(column.default)})")
    if field_name(column.name) != column.name:
        parts.append(f'@map("{column.name}")')
    if column.kind == "text" and provider != "sqlite":
        parts.append(f"@db.VarChar({column.length})" if column.length is not None else _UNBOUNDED[provider])
    return " ".join(parts)
