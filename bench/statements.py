"""The statements of the raw loops, as one writes them by hand for a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.data import AGENT_COLUMNS, AUDIT_COLUMNS
from bench.databases import Provider

_JSON: Final = ("metadata", "parameters")


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL text for one provider and one style of placeholders."""

    find_agent: str
    insert_agent: str
    insert_audit_log: str
    find_audit_log: str
    count_audit_logs: str = "SELECT count(*) FROM kavach_audit_logs"


def statements(provider: Provider, placeholder: str) -> Statements:
    """Return the statements; `placeholder` is "?", "%s" or "$", which is numbered."""
    return Statements(
        find_agent=_select(provider, "kavach_agents", AGENT_COLUMNS, "token_hash", placeholder),
        insert_agent=_insert(provider, "kavach_agents", AGENT_COLUMNS, placeholder),
        insert_audit_log=_insert(provider, "kavach_audit_logs", AUDIT_COLUMNS, placeholder),
        find_audit_log=_select(provider, "kavach_audit_logs", AUDIT_COLUMNS, "id", placeholder),
    )


def _select(provider: Provider, table: str, columns: tuple[str, ...], by: str, placeholder: str) -> str:
    selected = ", ".join(
        f"{_name(provider, column)}::text" if provider == "postgres" and column in _JSON else _name(provider, column)
        for column in columns
    )
    return f"SELECT {selected} FROM {table} WHERE {by} = {_placeholder(placeholder, 1)}"


def _insert(provider: Provider, table: str, columns: tuple[str, ...], placeholder: str) -> str:
    names = ", ".join(_name(provider, column) for column in columns)
    values = ", ".join(_placeholder(placeholder, number) for number in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({names}) VALUES ({values})"


def _name(provider: Provider, column: str) -> str:
    return f"`{column}`" if provider == "mysql" else f'"{column}"'


def _placeholder(style: str, number: int) -> str:
    return f"${number}" if style == "$" else style
