"""Compare a live database with the data model, and add what it lacks."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from kavach_core.errors import ConflictError, SchemaMismatch
from kavach_core.storage.sql import naming_of
from kavach_core.storage.sql.comparison import Difference
from kavach_schema.render.ddl import DEFAULT_PREFIX
from kavach_sqlalchemy._engine import EngineBackend


def check_schema(engine: Engine, *, prefix: str = DEFAULT_PREFIX, schema: str | None = None) -> list[Difference]:
    """Return all that is not as in the data model, table by table; nothing is changed.

    `severity` says how bad it is: with what is "broken" no Kavach starts, what is "lacking" costs time or exactness,
    and a "note" is good to know. `statements` are those that `upgrade_schema` would send for it.

    Raises `ConfigurationError` and `BackendUnavailable`.
    """
    return _backend(engine, prefix, schema).compare_schema()


def upgrade_schema(
    engine: Engine,
    *,
    prefix: str = DEFAULT_PREFIX,
    schema: str | None = None,
    before_each: Callable[[str], None] | None = None,
) -> list[str]:
    """Add missing tables, nullable or defaulted columns and indexes; return the statements that did it.

    Nothing is dropped, renamed or rewritten, and no row is touched. It can be run again, also after it was killed, and
    by several processes at once. On SQLite and PostgreSQL it is one transaction; on MySQL each statement commits.
    `before_each` is told each statement before it is sent.

    Raises `SchemaMismatch` where rows are in the way of a unique index, `ConfigurationError` and `BackendUnavailable`.
    """
    last: list[str] = []

    def note(statement: str) -> None:
        last[:] = [statement]
        if before_each is not None:
            before_each(statement)

    try:
        return _backend(engine, prefix, schema).upgrade_schema(note)
    except ConflictError as error:
        raise SchemaMismatch(
            f"rows share what must be unique; change or delete them, and run it again: {' '.join(last)}"
        ) from error


def _backend(engine: Engine, prefix: str, schema: str | None) -> EngineBackend:
    return EngineBackend(engine, naming=naming_of(prefix, schema), skip_migrations=True, owned=False)
