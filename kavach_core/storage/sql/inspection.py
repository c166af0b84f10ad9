"""What a database tells of our tables: the steps that ask for columns and indexes, and values that hold the answers.

The catalogues are asked and not an ORM's inspector, so that every adapter finds the same in three statements. Names are
text on PostgreSQL: Prisma's engine does not read the type `name`, nor `void`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

from kavach_core.storage.sql.dialect import SqlDialect
from kavach_core.storage.sql.plans import Request, Steps
from kavach_schema.tables import TABLES


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """Describe a column as the database does; `collation` is None where it tells none."""

    name: str
    type: str
    nullable: bool
    defaulted: bool
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """Describe an index; one that does not cover whole columns of all rows has `plain` False."""

    name: str
    columns: tuple[str, ...]
    unique: bool
    plain: bool
    primary: bool


@dataclass(frozen=True, slots=True)
class StoredTable:
    """Describe a table; `references` maps columns to the tables that a foreign key ties them to."""

    columns: Mapping[str, StoredColumn] = field(default_factory=dict)
    indexes: tuple[StoredIndex, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns of the primary key; none where there is no such key."""
        return next((index.columns for index in self.indexes if index.primary), ())


# Each result column has a name and a type that every driver takes: Prisma's engine takes no name twice, and neither
# PostgreSQL's `name` nor its `void`.

_COLUMNS: Final = {
    "sqlite": """
        SELECT m.name AS tab, c.name AS col, c.type AS kind, c."notnull" = 0 AS nullable,
            c.dflt_value IS NOT NULL AS defaulted, NULL AS coll
        FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name IN ({tables}) ORDER BY m.name, c.cid""",
    "postgresql": """
        SELECT t.relname::text AS tab, c.attname::text AS col, format_type(c.atttypid, c.atttypmod) AS kind,
            NOT c.attnotnull AS nullable, c.atthasdef OR c.attidentity <> '' AS defaulted, l.collname::text AS coll
        FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace JOIN pg_attribute c ON c.attrelid = t.oid
            LEFT JOIN pg_collation l ON l.oid = c.attcollation
        WHERE s.nspname = {schema} AND t.relname IN ({tables}) AND t.relkind IN ('r', 'p')
            AND c.attnum > 0 AND NOT c.attisdropped ORDER BY t.relname, c.attnum""",
    "mysql": """
        SELECT table_name AS tab, column_name AS col, column_type AS kind, is_nullable = 'YES' AS nullable,
            column_default IS NOT NULL OR extra <> '' AS defaulted, collation_name AS coll
        FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name IN ({tables}) ORDER BY table_name, ordinal_position""",
}

_INDEXES: Final = {
    # The rowid's own key has no index: a table with INTEGER PRIMARY KEY is told by pragma_table_info only.
    "sqlite": """
        SELECT m.name AS tab, i.name AS idx, c.name AS col, i."unique" AS uniq, i.partial = 0 AS plain,
            i.origin = 'pk' AS prim
        FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c
        WHERE m.type = 'table' AND m.name IN ({tables}) ORDER BY m.name, i.name, c.seqno""",
    "postgresql": """
        SELECT t.relname::text AS tab, n.relname::text AS idx, c.attname::text AS col, i.indisunique AS uniq,
            i.indpred IS NULL AND i.indisvalid AS plain, i.indisprimary AS prim
        FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace JOIN pg_index i ON i.indrelid = t.oid
            JOIN pg_class n ON n.oid = i.indexrelid
            CROSS JOIN generate_series(0, i.indnatts - 1) k
            LEFT JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = i.indkey[k] AND c.attnum > 0
        WHERE s.nspname = {schema} AND t.relname IN ({tables}) ORDER BY t.relname, n.relname, k""",
    "mysql": """
        SELECT table_name AS tab, index_name AS idx, column_name AS col, non_unique = 0 AS uniq,
            sub_part IS NULL AS plain, index_name = 'PRIMARY' AS prim
        FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name IN ({tables}) ORDER BY table_name, index_name, seq_in_index""",
}

_REFERENCES: Final = {
    "sqlite": """
        SELECT m.name AS tab, f."from" AS col, f."table" AS target
        FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
        WHERE m.type = 'table' AND m.name IN ({tables}) ORDER BY m.name, f.id""",
    "postgresql": """
        SELECT t.relname::text AS tab, c.attname::text AS col, r.relname::text AS target
        FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace
            JOIN pg_class r ON r.oid = f.confrelid
            JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = ANY (f.conkey)
        WHERE f.contype = 'f' AND s.nspname = {schema} AND t.relname IN ({tables}) ORDER BY t.relname, c.attname""",
    "mysql": """
        SELECT table_name AS tab, column_name AS col, referenced_table_name AS target
        FROM information_schema.key_column_usage
        WHERE table_schema = DATABASE() AND table_name IN ({tables}) AND referenced_table_name IS NOT NULL
        ORDER BY table_name, column_name""",
}


def stored_tables(dialect: SqlDialect) -> Steps[dict[str, StoredTable]]:
    """Return those of our tables that the database has, by their names there."""
    names = [dialect.naming.table(table.name) for table in TABLES]
    columns: dict[str, dict[str, StoredColumn]] = {}
    for table, name, kind, nullable, defaulted, collation in (yield from _ask(_COLUMNS, dialect, names)):
        columns.setdefault(_text(table), {})[_text(name)] = StoredColumn(
            _text(name), _text(kind), bool(nullable), bool(defaulted), None if collation is None else _text(collation)
        )
    indexes: dict[str, dict[str, StoredIndex]] = {}
    if columns:
        for table, index, column, unique, plain, primary in (yield from _ask(_INDEXES, dialect, names)):
            _add_index(indexes.setdefault(_text(table), {}), _text(index), column, unique, plain, primary)
    return {name: StoredTable(found, tuple(indexes.get(name, {}).values())) for name, found in columns.items()}


def with_references(dialect: SqlDialect, tables: Mapping[str, StoredTable]) -> Steps[dict[str, StoredTable]]:
    """Return the same tables with their foreign keys."""
    references: dict[str, dict[str, str]] = {name: {} for name in tables}
    if tables:
        for table, column, target in (yield from _ask(_REFERENCES, dialect, tables)):
            references[_text(table)][_text(column)] = _text(target)
    return {name: replace(table, references=references[name]) for name, table in tables.items()}


def _ask(queries: Mapping[str, str], dialect: SqlDialect, names: Iterable[str]) -> Steps[Sequence[Sequence[object]]]:
    schema = dialect.naming.schema
    text = queries["mysql" if dialect.flavour == "mariadb" else dialect.flavour].format(
        schema=f"'{schema}'" if schema else "current_schema()",
        tables=", ".join(f"'{name}'" for name in names),
    )
    reply = yield Request(" ".join(text.split()))
    return reply.rows


def _add_index(
    indexes: dict[str, StoredIndex], name: str, column: object, unique: object, plain: object, primary: object
) -> None:
    """Add one more column to an index; an expression has no name, and the index is not plain."""
    before = indexes.get(name, StoredIndex(name, (), bool(unique), True, bool(primary)))
    columns = before.columns if column is None else (*before.columns, _text(column))
    indexes[name] = replace(before, columns=columns, plain=before.plain and bool(plain) and column is not None)


def _text(value: object) -> str:
    """Return a name: some MySQL drivers give those of the catalogue as bytes."""
    return value.decode() if isinstance(value, bytes) else cast("str", value)
