"""The data model against the documented tables: nothing is missing, and what we added is listed."""

from __future__ import annotations

from kavach_schema.model import UNSET, Column
from kavach_schema.tables import TABLES, TABLES_BY_NAME
from storage.documented_tables import DOCUMENTED

ADDED = {
    *(("kavach_audit_logs", column) for column in ("code", "constraints", "delegation_chain", "duration_us")),
    ("kavach_delegation_chains", "parent_chain_id"),
    ("kavach_sessions", "token_hash"),
}
"""Columns of ours, each nullable or with a default, so that the original's rows fit."""

ADDED_TABLES = {
    "kavach_audit_holds",
    "kavach_audit_seals",
    "kavach_audit_streams",
    "kavach_counters",
    "kavach_passwords",
    "kavach_service_tokens",
}
"""Tables of ours."""

ADDED_UNIQUES = {
    ("kavach_agents", ("token_hash",)),
    ("kavach_api_keys", ("key_hash",)),
    ("kavach_counters", ("subject", "window_start")),
    ("kavach_service_tokens", ("token_hash",)),
    ("kavach_sessions", ("token_hash",)),
    ("kavach_rate_limits", ("agent_id", "resource", "window_start")),
    ("kavach_org_members", ("org_id", "user_id")),
    ("kavach_org_roles", ("org_id", "name")),
    ("kavach_trusted_devices", ("user_id", "fingerprint")),
}

KINDS = {"text": "text", "int": "integer", "bool": "boolean", "json": "json", "time": "time"}

COLUMNS = [(table, column) for table, columns in DOCUMENTED.items() for column in columns.split(", ")]


def test_there_are_39_documented_tables() -> None:
    assert len(DOCUMENTED) == 39
    assert {*DOCUMENTED, *ADDED_TABLES} == set(TABLES_BY_NAME)
    assert not ADDED_TABLES & set(DOCUMENTED)


def test_every_documented_column_is_there_as_documented() -> None:
    for table, text in COLUMNS:
        name, kind, *words = text.split()
        kind, _, default = kind.partition("=")
        found = TABLES_BY_NAME[table].by_name[name]
        assert found.kind == KINDS[kind.removesuffix("?")]
        assert found.nullable is kind.endswith("?")
        assert _default(found) == default
        assert (TABLES_BY_NAME[table].key == name) is ("key" in words)
        assert ((name,) in TABLES_BY_NAME[table].uniques) is ("unique" in words or (table, (name,)) in ADDED_UNIQUES)


def _default(column: Column) -> str:
    match column.default:
        case bool():
            return str(column.default).lower()
        case found:
            return "" if found is UNSET else str(found)


def test_every_other_column_is_one_that_we_added_on_purpose() -> None:
    documented = {(table, text.split()[0]) for table, text in COLUMNS}
    ours = {(table.name, column.name) for table in TABLES if table.name not in ADDED_TABLES for column in table.columns}
    assert ours - documented == ADDED


def test_every_column_that_we_added_fits_the_originals_rows() -> None:
    assert all(TABLES_BY_NAME[table].by_name[column].optional for table, column in ADDED)


def test_every_other_unique_is_one_that_we_added_on_purpose() -> None:
    documented = {(table, (text.split()[0],)) for table, text in COLUMNS if "unique" in text.split()}
    ours = {(table.name, columns) for table in TABLES for columns in table.uniques}
    assert ours - documented == ADDED_UNIQUES


def test_every_column_that_owns_a_row_has_an_index() -> None:
    """ST6: deleting an agent or a user looks each of them up."""
    missing = [
        (table.name, column.name)
        for table in TABLES
        for column in table.columns
        if column.belongs_to
        and table.key != column.name
        and not any(columns[0] == column.name for columns in (*table.indexes, *table.uniques))
    ]
    assert missing == []


def test_no_index_is_wider_than_every_server_takes() -> None:
    """ST3: PostgreSQL takes 2,704 bytes, MySQL 3,072, at four bytes a character."""
    for table in TABLES:
        for columns in ((table.key,), *table.uniques, *table.indexes):
            kinds = [table.by_name[name] for name in columns]
            width = sum(4 * (c.length or 0) if c.kind == "text" else 8 for c in kinds)
            assert width <= 2704 - 8 * (len(columns) + 2), (table.name, columns)
