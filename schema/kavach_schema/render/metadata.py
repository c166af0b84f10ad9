"""The model as SQLAlchemy `MetaData`, for the host's own queries, `create_all` and Alembic.

The tables are those of the DDL. Times are aware datetimes in Python, JSON is decoded.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.dialects.mysql import JSON as MYSQL_JSON
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from kavach_schema import model
from kavach_schema.render.ddl import DEFAULT_PREFIX, MYSQL_COLLATIONS, Naming
from kavach_schema.tables import TABLES


class _BooleanDefault(ColumnElement[bool]):
    """A default as databases tell it, so that Alembic finds no difference: 1 and 0 where a boolean is a number."""

    inherit_cache = True

    def __init__(self, value: bool) -> None:
        self.value = value


@compiles(_BooleanDefault)
def _compile_default(element: _BooleanDefault, compiler: SQLCompiler, **_: object) -> str:
    return str(element.value).lower() if compiler.dialect.name == "postgresql" else str(int(element.value))


class UnixTime(TypeDecorator[datetime]):
    """An aware datetime, stored as whole Unix seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the seconds of an aware datetime, rounded down."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a naive datetime names no moment; pass an aware one")
        return int(value.timestamp() // 1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Flag(TypeDecorator[bool]):
    """A boolean; SQLite has none, and stores an integer."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column, as the DDL has it."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        """Return True or False."""
        return None if value is None else bool(value)


class JsonText(TypeDecorator[Any]):
    """A JSON value, stored as text: SQLite would take a column of type JSON for a numeric one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Return the value as JSON text; None stays NULL."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        """Return the decoded value."""
        return None if value is None else json.loads(value)


def metadata(*, prefix: str = DEFAULT_PREFIX, schema: str | None = None) -> MetaData:
    """Return a new `MetaData` with all our tables, named with `prefix`, in a PostgreSQL `schema` if given."""
    naming = Naming(prefix, schema)
    found = MetaData(schema=schema)
    for table in TABLES:
        name = naming.table(table.name)
        built = Table(
            name,
            found,
            *(_column(column, primary_key=column.name == table.key) for column in table.columns),
            comment=None,
            mysql_engine="InnoDB",
            mysql_default_charset="utf8mb4",
        )
        for index in table.constraints(name):
            Index(index.name, *(built.c[column] for column in index.columns), unique=index.unique)
        event.listen(built, "before_create", _collate)
    return found


def _collate(table: Table, connection: Connection, **_: object) -> None:
    """Name the exact collation, which MySQL and MariaDB call differently; the server tells which it is."""
    flavour = "mariadb" if getattr(connection.dialect, "is_mariadb", False) else "mysql"
    table.dialect_options["mysql"]["collate"] = MYSQL_COLLATIONS[flavour]


def _column(column: model.Column, *, primary_key: bool) -> Column[Any]:
    return Column(
        column.name,
        _type(column),
        primary_key=primary_key,
        nullable=column.nullable,
        server_default=_server_default(column),
    )


def _type(column: model.Column) -> TypeEngine[Any]:
    match column.kind:
        case "integer":
            return BigInteger()
        case "time":
            return UnixTime()
        case "boolean":
            return Flag()
        case "json":
            return JsonText().with_variant(JSONB(), "postgresql").with_variant(MYSQL_JSON(), "mysql", "mariadb")
        case "text" if column.length is None:
            return Text().with_variant(Text(collation="C"), "postgresql").with_variant(LONGTEXT(), "mysql", "mariadb")
        case "text":
            exact = String(column.length, collation="C")
            return String(column.length).with_variant(exact, "postgresql").with_variant(Text(), "sqlite")


def _server_default(column: model.Column) -> Any:
    match column.default:
        case bool():
            return _BooleanDefault(column.default)
        case int():
            return text(str(column.default))
        case str():
            return column.default
        case _:
            return None
