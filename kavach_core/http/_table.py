"""Everything that can be called."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from kavach_core.http import (
    _agents,
    _approvals,
    _audit,
    _budgets,
    _decisions,
    _delegations,
    _mcp,
    _organizations,
    _people,
    _sign_in,
    _system,
    _tenants,
    _trust,
)
from kavach_core.http._openapi import describe
from kavach_core.http._routing import Call, Route


async def openapi(call: Call) -> Response:
    """Describe the table."""
    place: str = call.request.scope.get("root_path", "")
    return Response(describe(TABLE, place), media_type="application/json")


TABLE: Final[tuple[Route, ...]] = (
    *_system.ROUTES,
    Route("GET", "/openapi.json", openapi, "Describe the API (OpenAPI 3.1)", frozenset(), media=("application/json",)),
    *_agents.ROUTES,
    *_decisions.ROUTES,
    *_delegations.ROUTES,
    *_audit.ROUTES,
    *_approvals.ROUTES,
    *_mcp.ROUTES,
    *_budgets.ROUTES,
    *_tenants.ROUTES,
    *_trust.ROUTES,
    *_sign_in.ROUTES,
    *_people.ROUTES,
    *_organizations.ROUTES,
)
