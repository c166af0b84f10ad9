"""Routes of the audit trail: query it, and take it away as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue
from starlette.responses import Response, StreamingResponse

from kavach_core.engine.export import ExportFormat
from kavach_core.http._errors import Refused
from kavach_core.http._logging import log_failure
from kavach_core.http._models import Answer, Moment, Query, Text
from kavach_core.http._routing import PEOPLE, Call, Route
from kavach_schema.filters import AuditLogFilter
from kavach_schema.records import AuditLog

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100

_MOST_ACTIONS: Final = 100

_TYPES: Final = {"csv": "text/csv", "json": "application/json", "jsonl": "application/jsonl"}


class AuditEntry(Answer):
    """One decision."""

    id: str
    agent_id: str
    user_id: str
    action: str
    resource: str
    parameters: dict[str, JsonValue]
    result: str
    code: str | None
    reason: str | None
    constraints: list[str] | None
    delegation_chain: list[dict[str, JsonValue]] | None
    duration_ms: int
    duration_us: int | None
    tokens_cost: int | None
    ip: str | None
    user_agent: str | None
    timestamp: Moment


class AuditPage(Answer):
    """Decisions, newest first, and how many there are in all."""

    entries: list[AuditEntry]
    total: int


class _Rows(Query):
    """Which decisions: `since` is included and `until` is not, `actions` are separated by commas."""

    agent_id: Text | None = None
    user_id: Text | None = None
    result: Literal["allowed", "denied", "rate_limited"] | None = None
    actions: Text | None = None
    since: Moment | None = None
    until: Moment | None = None


class QueryAudit(_Rows):
    """Which decisions, and which page of them."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    offset: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class ExportAudit(_Rows):
    """Which decisions, and how they are written."""

    format: ExportFormat = "json"


def _entry(row: AuditLog) -> AuditEntry:
    return AuditEntry.of({**row.model_dump(), "parameters": row.parameters or {}})


async def _filters(call: Call, asked: _Rows) -> AuditLogFilter:
    """Return the filter for the rows that are asked for, and within reach."""
    owner = await call.access.audit(asked.agent_id, asked.user_id)
    actions = None if asked.actions is None else [name for name in asked.actions.split(",") if name]
    if actions is not None and not 1 <= len(actions) <= _MOST_ACTIONS:
        raise Refused(422, "INVALID_INPUT", f"actions: name 1 to {_MOST_ACTIONS}, separated by commas")
    return {
        "agent_id": asked.agent_id,
        "user_id": owner,
        "result": asked.result,
        "actions": actions,
        "since": asked.since,
        "until": asked.until,
    }


async def query(call: Call) -> AuditPage:
    """Return a page of decisions."""
    asked = call.asked(QueryAudit)
    filters = await _filters(call, asked)
    rows = await call.kavach.audit.query(limit=asked.limit, offset=asked.offset or None, **filters)
    return AuditPage(entries=[_entry(row) for row in rows], total=await call.kavach.audit.count(**filters))


async def export(call: Call) -> Response:
    """Send all decisions while they are read."""
    asked = call.asked(ExportAudit)
    parts = call.kavach.audit.export_parts(format=asked.format, **await _filters(call, asked))
    # What can be refused is refused at the first part, as long as there is a status to say so.
    first = await anext(parts)
    headers = {"Content-Disposition": f'attachment; filename="audit-export.{asked.format}"'}
    return StreamingResponse(_whole(call, first, parts), headers=headers, media_type=_TYPES[asked.format])


async def _whole(call: Call, first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    try:
        async for part in rest:
            yield part
    except Exception as error:
        log_failure(call.request, call.route.name, error)
        # The connection breaks, so that nobody takes what was sent for the whole.
        raise RuntimeError("the export ended early") from None


ROUTES: Final = (
    Route("GET", "/audit", query, "Query the audit trail", PEOPLE, "audit:read", answer=AuditPage, query=QueryAudit),
    Route(
        "GET",
        "/audit/export",
        export,
        "Export the audit trail as text, oldest first",
        PEOPLE,
        "audit:read",
        query=ExportAudit,
        media=tuple(_TYPES.values()),
    ),
)
