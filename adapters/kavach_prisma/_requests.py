"""Raw queries as Prisma's engine takes them, and what it answers.

The client's own `query_raw()` lays its request out in lines with `textwrap.indent`, which takes U+0085, U+2028 and
U+2029 inside a value for ends of lines, and puts spaces behind them. So the request is written here, in ASCII.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from kavach_core.storage.sql import Request, Rows


def written(request: Request) -> str:
    """Return the body of a request to the engine."""
    action = "queryRaw" if _gives_rows(request.sql) else "executeRaw"
    # JSON in a string of GraphQL, whose escapes are those of JSON, in a string of JSON
    parameters = json.dumps(json.dumps(tuple(request.parameters)))
    query = f"mutation {{ result: {action}(query: {json.dumps(request.sql)}, parameters: {parameters}) }}"
    return json.dumps({"variables": {}, "operation_name": "mutation", "query": query})


def read(answer: Any) -> Rows:
    """Return the rows of an answer, or the number of rows that a statement without rows affected."""
    result = answer["data"]["result"]
    if not isinstance(result, dict):
        return Rows((), int(result))
    rows: list[list[Any]] = result["rows"]
    for at, kind in enumerate(result["types"]):
        if (convert := _CONVERTERS.get(kind)) is not None:
            for row in rows:
                if row[at] is not None:
                    row[at] = convert(row[at])
    return Rows(rows, len(rows))


_CONVERTERS: Final[dict[str, Callable[[Any], object]]] = {"bigint": int, "json": json.dumps}
"""Integers of 64 bits come as text; JSON, where it is a type of its own, comes parsed, and the codec wants its text."""


def _gives_rows(sql: str) -> bool:
    return sql.startswith("SELECT ") or " RETURNING " in sql
