"""Triggers that keep audit rows and their seals as they were written, for those who want the database to refuse.

A row may be deleted once the newest seal says that rows of its time are removed: what goes was sealed before.
"""

from __future__ import annotations

from typing import Final

from kavach_schema.model import Table
from kavach_schema.render.ddl import DEFAULT_NAMING, MYSQL_COLLATIONS, Flavour, Naming, qualified, quote
from kavach_schema.tables.agents import AUDIT_LOGS, AUDIT_SEALS

_REFUSAL: Final = "audit rows and their seals stay as they were written"

_GUARDED: Final[tuple[Table[object], ...]] = (AUDIT_LOGS, AUDIT_SEALS)


def create_audit_triggers(flavour: Flavour, naming: Naming = DEFAULT_NAMING) -> list[str]:
    """Return the statements that make the triggers, or make them anew; the tables MUST be there."""
    dropped = drop_audit_triggers(flavour, naming)
    if flavour == "postgresql":
        return [*dropped, _function(naming), *(each for table in _GUARDED for each in _postgresql(table, naming))]
    return [*dropped, *(each for table in _GUARDED for each in _by_event(table, flavour, naming))]


def drop_audit_triggers(flavour: Flavour, naming: Naming = DEFAULT_NAMING) -> list[str]:
    """Return the statements that remove the triggers, where they are there."""
    if flavour != "postgresql":
        return [
            f"DROP TRIGGER IF EXISTS {_trigger(table, event, flavour, naming)}"
            for table in _GUARDED
            for event in ("update", "delete")
        ]
    triggers = [
        f"DROP TRIGGER IF EXISTS {_trigger(table, event, flavour, naming)} ON {qualified(table, flavour, naming)}"
        for table in _GUARDED
        for event in ("change", "truncate")
    ]
    return [*triggers, f"DROP FUNCTION IF EXISTS {_function_name(naming)}()"]


def _trigger(table: Table[object], event: str, flavour: Flavour, naming: Naming) -> str:
    return quote(f"{naming.table(table.name)}_no_{event}", flavour)


def _removed(flavour: Flavour, naming: Naming) -> str:
    """Return the moment before which rows may be deleted, as a subquery: NULL where it is none."""
    number, id, removed = (quote(name, flavour) for name in ("number", "id", "removed_before"))
    seals = qualified(AUDIT_SEALS, flavour, naming)
    return f"(SELECT {removed} FROM {seals} ORDER BY {number} DESC, {id} DESC LIMIT 1)"


def _function_name(naming: Naming) -> str:
    name = quote(f"{naming.prefix}refuse_audit_change", "postgresql")
    return f"{quote(naming.schema, 'postgresql')}.{name}" if naming.schema else name


def _function(naming: Naming) -> str:
    return (
        f"CREATE FUNCTION {_function_name(naming)}() RETURNS trigger LANGUAGE plpgsql AS $guard$\n"
        "BEGIN\n"
        f"    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = '{naming.table(AUDIT_LOGS.name)}' THEN\n"
        f'        IF OLD."timestamp" < {_removed("postgresql", naming)} THEN\n'
        "            RETURN OLD;\n"
        "        END IF;\n"
        "    END IF;\n"
        f"    RAISE EXCEPTION USING MESSAGE = '{_REFUSAL}', ERRCODE = 'restrict_violation';\n"
        "END\n"
        "$guard$"
    )


def _postgresql(table: Table[object], naming: Naming) -> list[str]:
    name, call = qualified(table, "postgresql", naming), f"EXECUTE PROCEDURE {_function_name(naming)}()"
    change, truncate = (_trigger(table, event, "postgresql", naming) for event in ("change", "truncate"))
    return [
        f"CREATE TRIGGER {change} BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW {call}",
        f"CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {call}",
    ]


def _by_event(table: Table[object], flavour: Flavour, naming: Naming) -> list[str]:
    """Return one trigger for updates and one for deletions, which SQLite, MySQL and MariaDB tell apart."""
    name = qualified(table, flavour, naming)
    update, delete = (_trigger(table, event, flavour, naming) for event in ("update", "delete"))
    timestamp = f"OLD.{quote('timestamp', flavour)}"
    kept = f"COALESCE({_removed(flavour, naming)}, {timestamp}) <= {timestamp}" if table is AUDIT_LOGS else "TRUE"
    if flavour in MYSQL_COLLATIONS:
        refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_REFUSAL}'"
        return [
            f"CREATE TRIGGER {update} BEFORE UPDATE ON {name} FOR EACH ROW {refuse}",
            f"CREATE TRIGGER {delete} BEFORE DELETE ON {name} FOR EACH ROW IF {kept} THEN {refuse}; END IF",
        ]
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    return [
        f"CREATE TRIGGER {update} BEFORE UPDATE ON {name} {refuse}",
        f"CREATE TRIGGER {delete} BEFORE DELETE ON {name} WHEN {kept} {refuse}",
    ]
