"""The model as Peewee models, for the host's own queries, `create_tables` and `playhouse.migrate`.

The tables are those of the DDL. Times are aware datetimes in Python, JSON is decoded. Models are made anew for each
database, so that several can live in one process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import peewee

from kavach_schema import model
from kavach_schema.render.ddl import DEFAULT_PREFIX, Flavour, Naming, column_type, create_table
from kavach_schema.tables import TABLES


class Models:
    """Hold one model class for each table, under the name of its record: `models(database).Agent`."""

    def __init__(self, found: dict[str, type[peewee.Model]]) -> None:
        """Take model classes by name."""
        self._found = found

    def __getattr__(self, name: str) -> Any:
        """Return the model of a record."""
        try:
            return self._found[name]
        except KeyError:
            raise AttributeError(f"there is no model {name}") from None

    def __dir__(self) -> list[str]:
        """List the models."""
        return [*self._found]

    def __iter__(self) -> Iterator[type[peewee.Model]]:
        """Return all models, as `create_tables` takes them."""
        return iter(self._found.values())

    def __len__(self) -> int:
        """Count them."""
        return len(self._found)


def models(database: peewee.Database, *, prefix: str = DEFAULT_PREFIX, schema: str | None = None) -> Models:
    """Return new models of all our tables, bound to `database`, named with `prefix`, in a PostgreSQL `schema` if given.

    `database.create_tables(models(database))` creates the tables that `prepare_schema()` would create.
    """
    naming = Naming(prefix, schema)
    flavour = _flavour(database)
    return Models({table.record: _model(table, database, flavour, naming) for table in TABLES})


class _UnixTime(peewee.BigIntegerField):
    """An aware datetime, stored as whole Unix seconds."""

    def db_value(self, value: Any) -> Any:
        """Return the seconds of an aware datetime, rounded down."""
        if not isinstance(value, datetime):
            return value
        if value.utcoffset() is None:
            raise ValueError("a naive datetime names no moment; pass an aware one")
        return int(value.timestamp() // 1)

    def python_value(self, value: Any) -> datetime | None:
        """Return the moment in UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


class _JsonText(peewee.TextField):
    """A JSON value, sent as text: what Peewee's own field sends to MySQL, MariaDB refuses."""

    def db_value(self, value: Any) -> Any:
        """Return the value as JSON text; None stays NULL."""
        return value if value is None or isinstance(value, peewee.Node) else json.dumps(value, ensure_ascii=False)

    def python_value(self, value: Any) -> Any:
        """Return the decoded value."""
        return None if value is None else json.loads(value)


def _model(table: model.Table[object], database: Any, flavour: Flavour, naming: Naming) -> type[peewee.Model]:
    name = naming.table(table.name)

    class Tables(peewee.SchemaManager):
        """Create the table by the statements of the DDL, which know more of each database than fields do."""

        def create_table(self, safe: bool = True, **options: object) -> None:
            self._run(slice(1))

        def create_indexes(self, safe: bool = True) -> None:
            self._run(slice(1, None))

        def _run(self, part: slice) -> None:
            for statement in create_table(table, _of_server(self.database, flavour), naming)[part]:
                self.database.execute_sql(statement)

    meta = type(
        "Meta",
        (),
        {
            "database": database,
            "table_name": name,
            "schema": naming.schema,
            "schema_manager_class": Tables,
            "indexes": [(index.columns, index.unique) for index in table.constraints(name)],
        },
    )
    fields = {column.name: _field(column, table, flavour) for column in table.columns}
    return type(table.record, (peewee.Model,), {"__doc__": table.doc, "Meta": meta, **fields})


def _field(column: model.Column, table: model.Table[object], flavour: Flavour) -> Any:
    options: dict[str, Any] = {"null": column.nullable, "primary_key": column.name == table.key}
    if column.default is not model.UNSET:
        options["default"] = column.default
    match column.kind:
        case "integer":
            kind: Any = peewee.BigIntegerField
        case "time":
            kind = _UnixTime
        case "boolean":
            kind = peewee.BooleanField
        case "json":
            kind = _JsonText if flavour == "mysql" else peewee.JSONField
        case "text" if column.length is None:
            kind = peewee.TextField
        case "text":
            kind = peewee.CharField
            options["max_length"] = column.length

    class Stored(kind):  # type: ignore[misc]
        """A field whose column has the type of the DDL, also where `playhouse.migrate` adds it."""

        def ddl_datatype(self, ctx: object) -> Any:
            return peewee.SQL(column_type(column, flavour))

    return Stored(**options)


def _flavour(database: Any) -> Flavour:
    database = getattr(database, "obj", None) or database
    if isinstance(database, peewee.SqliteDatabase):
        return "sqlite"
    if isinstance(database, peewee.PostgresqlDatabase):
        return "postgresql"
    if isinstance(database, peewee.MySQLDatabase):
        return "mysql"
    raise ValueError(f"models() takes a SQLite, PostgreSQL or MySQL database, not {type(database).__name__}")


def _of_server(database: Any, flavour: Flavour) -> Flavour:
    """Tell MariaDB from MySQL, whose exact collations have other names; only the server knows."""
    if flavour != "mysql":
        return flavour
    [(version,)] = database.execute_sql("SELECT VERSION()").fetchall()
    return "mariadb" if "maria" in version.lower() else "mysql"
