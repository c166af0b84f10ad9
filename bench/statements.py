"""The statements of the raw loops, as one writes them by hand for a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.data import AGENT_COLUMNS, AUDIT_COLUMNS
from bench.databases import Provider

_JSON: Final = ("metadata", "parameters", "constraints", "delegation_chain")


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL text for one provider and one style of placeholders."""

    find_agent: str
    insert_agent: str
    insert_audit_log: str
    find_audit_log: str
    first_page: str
    next_page: str
    row_before: str
    all_audit_logs: str
    count_audit_logs: str = "SELECT count(*) FROM kavach_audit_logs"


def statements(provider: Provider, placeholder: str) -> Statements:
    """Return the statements; `placeholder` is "?", "%s" or "$", which is numbered."""
    every = f"SELECT {_selected(provider, AUDIT_COLUMNS)} FROM kavach_audit_logs"
    time = _name(provider, "timestamp")
    return Statements(
        find_agent=_select(provider, "kavach_agents", AGENT_COLUMNS, "token_hash", placeholder),
        insert_agent=_insert(provider, "kavach_agents", AGENT_COLUMNS, placeholder),
        insert_audit_log=_insert(provider, "kavach_audit_logs", AUDIT_COLUMNS, placeholder),
        find_audit_log=_select(provider, "kavach_audit_logs", AUDIT_COLUMNS, "id", placeholder),
        first_page=f"{every} ORDER BY {time} DESC, id DESC LIMIT 50",
        next_page=f"{every} WHERE {time} <= {_placeholder(placeholder, 1)} AND ({time} < {_placeholder(placeholder, 2)}"
        f" OR id < {_placeholder(placeholder, 3)}) ORDER BY {time} DESC, id DESC LIMIT 50",
        row_before=f"{every} ORDER BY {time} DESC, id DESC LIMIT 1 OFFSET {_placeholder(placeholder, 1)}",
        all_audit_logs=f"{every} ORDER BY {time}, id",
    )


def _select(provider: Provider, table: str, columns: tuple[str, ...], by: str, placeholder: str) -> str:
    return f"SELECT {_selected(provider, columns)} FROM {table} WHERE {by} = {_placeholder(placeholder, 1)}"


def _selected(provider: Provider, columns: tuple[str, ...]) -> str:
    return ", ".join(
        f"{_name(provider, column)}::text" if provider == "postgres" and column in _JSON else _name(provider, column)
        for column in columns
    )


def _insert(provider: Provider, table: str, columns: tuple[str, ...], placeholder: str) -> str:
    names = ", ".join(_name(provider, column) for column in columns)
    values = ", ".join(_placeholder(placeholder, number) for number in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({names}) VALUES ({values})"


def _name(provider: Provider, column: str) -> str:
    return f"`{column}`" if provider == "mysql" else f'"{column}"'


def _placeholder(style: str, number: int) -> str:
    return f"${number}" if style == "$" else style
