"""The model as SQL: CREATE statements for each database.

One place decides how a column is stored, so that every adapter finds the same tables, and exact comparison of text is
the database's own: binary collations, without padding on MySQL and MariaDB, `C` on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kavach_schema.model import UNSET, Column, Index, Table

Flavour = Literal["sqlite", "postgresql", "mysql", "mariadb"]

FLAVOURS: Final[tuple[Flavour, ...]] = ("sqlite", "postgresql", "mysql", "mariadb")

DEFAULT_PREFIX: Final = "kavach_"

MYSQL_COLLATIONS: Final = {"mysql": "utf8mb4_0900_bin", "mariadb": "utf8mb4_nopad_bin"}


@dataclass(frozen=True, slots=True)
class Naming:
    """Say where the tables live: the prefix of their names, and on PostgreSQL their schema."""

    prefix: str = DEFAULT_PREFIX
    schema: str | None = None

    def __post_init__(self) -> None:
        """Refuse names that would need escaping: they become part of SQL text."""
        for name in (self.prefix, self.schema):
            if name and not (name.isascii() and name.replace("_", "a").isalnum()):
                raise ValueError(f"{name!r} is no table prefix or schema: use letters, digits and _")

    def table(self, name: str) -> str:
        """Return the name of one of our tables under this prefix."""
        return self.prefix + name.removeprefix(DEFAULT_PREFIX)


DEFAULT_NAMING: Final = Naming()


def quote(name: str, flavour: Flavour) -> str:
    """Quote an identifier, which MUST come from the model or from a checked `Naming`."""
    return f"`{name}`" if flavour in MYSQL_COLLATIONS else f'"{name}"'


def qualified(table: Table[object], flavour: Flavour, naming: Naming) -> str:
    """Return the quoted name of a table, with its schema if it has one."""
    name = quote(naming.table(table.name), flavour)
    return f"{quote(naming.schema, flavour)}.{name}" if naming.schema else name


def create_table(table: Table[object], flavour: Flavour, naming: Naming = DEFAULT_NAMING) -> list[str]:
    """Return the statements that create a table and its indexes where they are missing."""
    name = qualified(table, flavour, naming)
    indexes = table.constraints(naming.table(table.name))
    lines = [_column(column, flavour) for column in table.columns]
    lines.append(f"PRIMARY KEY ({quote(table.key, flavour)})")
    if flavour in MYSQL_COLLATIONS:
        lines += [
            f"{_key_word(index)} {quote(index.name, flavour)} {_columns(index.columns, flavour)}" for index in indexes
        ]
        options = f" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={MYSQL_COLLATIONS[flavour]}"
        return [_create(name, lines, options)]
    return [_create(name, lines, ""), *(create_index(table, index, flavour, naming) for index in indexes)]


def create_index(table: Table[object], index: Index, flavour: Flavour, naming: Naming = DEFAULT_NAMING) -> str:
    """Return the statement that adds an index to a table; MySQL has no IF NOT EXISTS for it."""
    name, columns = qualified(table, flavour, naming), _columns(index.columns, flavour)
    if flavour in MYSQL_COLLATIONS:
        return f"ALTER TABLE {name} ADD {_key_word(index)} {quote(index.name, flavour)} {columns}"
    unique = "UNIQUE " if index.unique else ""
    return f"CREATE {unique}INDEX IF NOT EXISTS {quote(index.name, flavour)} ON {name} {columns}"


def add_column(table: Table[object], column: Column, flavour: Flavour, naming: Naming = DEFAULT_NAMING) -> str:
    """Return the statement that adds a column, which MUST be optional: rows that exist have no value for it."""
    if not column.optional:
        raise ValueError(f"{table.name}.{column.name} is required and has no default")
    collation = ""
    if flavour in MYSQL_COLLATIONS and column.kind == "text":
        # The table may have been made with another collation than ours.
        collation = f" CHARACTER SET utf8mb4 COLLATE {MYSQL_COLLATIONS[flavour]}"
    return f"ALTER TABLE {qualified(table, flavour, naming)} ADD COLUMN {_column(column, flavour, collation)}"


def render_ddl(tables: Iterable[Table[object]], flavour: Flavour) -> str:
    """Return a script that creates all tables, for psql, Flyway and their like."""
    return f"-- Generated from kavach_schema.tables by tools/generate.py for {flavour}: do not edit.\n\n" + script(
        [create_table(table, flavour) for table in tables]
    )


def script(groups: Iterable[Sequence[str]]) -> str:
    """Return statements as the text of a script, with a blank line between groups."""
    return "\n\n".join(";\n".join(statements) + ";" for statements in groups) + "\n"


def _create(name: str, lines: Sequence[str], options: str) -> str:
    body = ",\n".join(f"    {line}" for line in lines)
    return f"CREATE TABLE IF NOT EXISTS {name} (\n{body}\n){options}"


def _columns(names: Iterable[str], flavour: Flavour) -> str:
    return "(" + ", ".join(quote(name, flavour) for name in names) + ")"


def _key_word(index: Index) -> str:
    return "UNIQUE KEY" if index.unique else "KEY"


def _column(column: Column, flavour: Flavour, collation: str = "") -> str:
    parts = [quote(column.name, flavour), column_type(column, flavour) + collation]
    if not column.nullable:
        parts.append("NOT NULL")
    if column.default is not UNSET:
        parts.append(f"DEFAULT {_literal(column.default, flavour)}")
    return " ".join(parts)


def column_type(column: Column, flavour: Flavour) -> str:
    """Return the type of a column, with its collation where the table does not give it."""
    if flavour == "sqlite":
        # BIGINT for Prisma's sake, which refuses more than 32 bits in an INTEGER; to SQLite both are the same.
        return {"text": "TEXT", "json": "TEXT", "boolean": "INTEGER"}.get(column.kind, "BIGINT")
    match column.kind:
        case "integer" | "time":
            return "BIGINT"
        case "boolean":
            return "BOOLEAN"
        case "json":
            return "JSONB" if flavour == "postgresql" else "JSON"
        case "text":
            collation = ' COLLATE "C"' if flavour == "postgresql" else ""
            if column.length is not None:
                return f"VARCHAR({column.length}){collation}"
            return ("TEXT" if flavour == "postgresql" else "LONGTEXT") + collation


def _literal(value: str | int | bool, flavour: Flavour) -> str:
    if isinstance(value, bool):
        return str(value).upper() if flavour == "postgresql" else str(int(value))
    return str(value) if isinstance(value, int) else f"'{value}'"
