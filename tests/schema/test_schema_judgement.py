"""Which types, keys and collations fit the data model, from what each database tells of its columns; needs none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kavach_core.storage.sql import SqlDialect
from kavach_core.storage.sql.comparison import Difference, differences
from kavach_core.storage.sql.inspection import StoredColumn, StoredIndex, StoredTable
from kavach_schema.model import UNSET, Column
from kavach_schema.render.ddl import FLAVOURS, MYSQL_COLLATIONS, Flavour, column_type
from kavach_schema.tables import TABLES


def spelled(column: Column, flavour: Flavour) -> str:
    """Return the type of a column that we create as the catalogue spells it."""
    kind = column_type(column, flavour).partition(" ")[0].lower()
    match flavour, kind:
        case "postgresql", _:
            return kind.replace("varchar", "character varying")
        case "mysql" | "mariadb", "boolean":
            return "tinyint(1)"
        case "mariadb", "json":
            return "longtext"
        case _:
            return kind


def as_created(flavour: Flavour) -> dict[str, StoredTable]:
    """Return what a database would tell of the tables that we create."""
    collation = MYSQL_COLLATIONS.get(flavour)
    tables = {}
    for table in TABLES:
        name = table.name
        columns = {
            column.name: StoredColumn(
                column.name,
                spelled(column, flavour),
                column.nullable,
                defaulted=column.default is not UNSET,
                collation=collation if column.kind == "text" else None,
            )
            for column in table.columns
        }
        indexes = [StoredIndex(i.name, i.columns, i.unique, True, False) for i in table.constraints(name)]
        key = StoredIndex("key", (table.key,), True, True, True)
        tables[name] = StoredTable(columns, (key, *indexes))
    return tables


def judge(flavour: Flavour, column: str, **changes: object) -> list[Difference]:
    """Return what is found after a change to one column, named as table.column."""
    tables = as_created(flavour)
    name, _, field = column.partition(".")
    columns: Mapping[str, StoredColumn] = tables[name].columns
    changed = replace(columns[field], **changes)  # type: ignore[arg-type]
    tables[name] = replace(tables[name], columns={**columns, field: changed})
    return differences(SqlDialect(flavour, "qmark"), tables)


ID, TIME, FLAG = "kavach_agents.id", "kavach_agents.created_at", "kavach_users.banned"
JSON, LONG = "kavach_permissions.actions", "kavach_agent_dids.public_key_jwk"

FITTING: list[tuple[Flavour, str, str]] = [
    *(("sqlite", TIME, kind) for kind in ("BIGINT", "int", "INTEGER")),
    *(("sqlite", ID, kind) for kind in ("VARCHAR(255)", "clob", "TEXT", "")),
    *(("sqlite", FLAG, kind) for kind in ("BOOLEAN", "INTEGER", "tinyint(1)")),
    *(("postgresql", ID, kind) for kind in ("text", "character varying", "character varying(300)")),
    *(("postgresql", JSON, kind) for kind in ("jsonb",)),
    *(("mariadb", TIME, kind) for kind in ("bigint(20)", "bigint")),
    *(("mariadb", FLAG, kind) for kind in ("tinyint(1)", "tinyint(4)")),
    *(("mariadb", ID, kind) for kind in ("varchar(1000)", "text", "longtext")),
    *(("mariadb", LONG, kind) for kind in ("mediumtext", "longtext")),
    ("mariadb", JSON, "longtext"),
    ("mysql", JSON, "json"),
]

UNFIT: list[tuple[Flavour, str, str, str]] = [
    *(("sqlite", TIME, kind, "broken") for kind in ("DATETIME", "TIMESTAMP", "REAL", "TEXT", "NUMERIC")),
    *(("sqlite", JSON, kind, "broken") for kind in ("JSON", "JSONB", "INTEGER")),
    *(("sqlite", FLAG, kind, "broken") for kind in ("TEXT", "REAL")),
    *(("postgresql", TIME, kind, "broken") for kind in ("timestamp with time zone", "text", "numeric")),
    *(("postgresql", TIME, kind, "lacking") for kind in ("integer", "smallint")),
    *(("postgresql", ID, kind, "broken") for kind in ("uuid", "character(36)", "bytea", "citext")),
    *(("postgresql", ID, kind, "lacking") for kind in ("character varying(36)", "character varying(254)")),
    *(("postgresql", JSON, kind, "broken") for kind in ("json", "text")),
    *(("postgresql", FLAG, kind, "broken") for kind in ("integer", "text")),
    *(("mysql", TIME, kind, "lacking") for kind in ("int", "bigint unsigned", "int(11)")),
    *(("mysql", TIME, kind, "broken") for kind in ("datetime", "timestamp", "decimal(20,0)")),
    *(("mysql", ID, kind, "broken") for kind in ("char(36)", "varbinary(255)", "binary(16)", "blob")),
    *(("mysql", ID, kind, "lacking") for kind in ("varchar(191)", "tinytext")),
    *(("mysql", LONG, kind, "lacking") for kind in ("text", "varchar(255)")),
    *(("mysql", FLAG, kind, "broken") for kind in ("bit(1)", "char(1)")),
    *(("mysql", JSON, kind, "broken") for kind in ("text", "blob")),
]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_our_own_types_fit(flavour: Flavour) -> None:
    assert differences(SqlDialect(flavour, "qmark"), as_created(flavour)) == []


@pytest.mark.parametrize(("flavour", "column", "kind"), FITTING)
def test_a_type_that_holds_as_much_fits(flavour: Flavour, column: str, kind: str) -> None:
    assert judge(flavour, column, type=kind) == []


@pytest.mark.parametrize(("flavour", "column", "kind", "severity"), UNFIT)
def test_another_type_is_told(flavour: Flavour, column: str, kind: str, severity: str) -> None:
    (found,) = judge(flavour, column, type=kind)
    assert (found.severity, found.statements) == (severity, ())
    assert f"column {column} is {kind.upper()}, which " in found.text


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_column_that_must_be_filled_though_it_may_be_empty_is_broken(flavour: Flavour) -> None:
    (found,) = judge(flavour, "kavach_agents.tenant_id", nullable=False)
    assert (found.severity, found.table) == ("broken", "kavach_agents")


def test_a_table_without_its_key_is_broken() -> None:
    tables = as_created("postgresql")
    users = tables["kavach_users"]
    tables["kavach_users"] = replace(users, indexes=users.indexes[1:])
    (found,) = differences(SqlDialect("postgresql", "format"), tables)
    assert (found.severity, found.text) == (
        "broken",
        "the primary key of kavach_users is not (id); add it to the table",
    )


def test_a_collation_on_postgresql_is_a_note() -> None:
    assert judge("postgresql", ID, collation="default") == []
    (found,) = judge("postgresql", ID, collation="en-x-icu")
    assert found.severity == "note"
