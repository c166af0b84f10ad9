"""Routes of decisions: may this agent do that? A denial is an answer, so its status is 200."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, JsonValue

from kavach_core import AuthorizeResult
from kavach_core.http._access import Access
from kavach_core.http._errors import Refused, missing
from kavach_core.http._models import Answer, Body, Text
from kavach_core.http._principals import unauthenticated
from kavach_core.http._routing import ANYONE_KNOWN, PEOPLE, Call, Route


class Context(Body):
    """Where a call comes from, as a service that is trusted to say so knows it."""

    ip: Text | None = None
    user_agent: str | None = None


class Authorize(Body):
    """What an agent wants to do.

    `context` counts only for a service with the scope authorize:context; otherwise the address of the client does.
    """

    action: Text
    resource: Text
    arguments: dict[str, JsonValue] | None = None
    context: Context | None = None
    tokens_cost: Annotated[int | None, Field(ge=0)] = None


class AuthorizeAny(Authorize):
    """The same for the agent whose token is the credential; all others name the agent."""

    agent_id: Text | None = None


class Decision(Answer):
    """What was decided; `code` is for programs and `reason` for people."""

    allowed: bool
    audit_id: str
    """Empty where no row was written."""

    code: str | None
    reason: str | None
    approval_id: str | None


def _decision(result: AuthorizeResult) -> Decision:
    return Decision(
        allowed=result.allowed,
        audit_id=result.audit_id or "",
        code=result.code,
        reason=result.reason,
        approval_id=result.approval_id,
    )


def _place(call: Call, context: Context | None) -> tuple[str | None, str | None]:
    """Return the address and the user agent of a call."""
    principal = call.principal
    if context is None or principal.kind != "service" or not principal.may("authorize:context"):
        return call.ip, call.user_agent
    return context.ip, context.user_agent


async def _decide(call: Call, agent_id: str, asked: Authorize) -> Decision:
    ip, user_agent = _place(call, asked.context)
    result = await call.kavach.authorize(
        agent_id,
        action=asked.action,
        resource=asked.resource,
        arguments=asked.arguments,
        ip=ip,
        user_agent=user_agent,
        tokens_cost=asked.tokens_cost,
    )
    if result.code == "unknown_agent":
        raise missing("agent")
    return _decision(result)


async def authorize(call: Call) -> Decision:
    """Decide for the agent that the path names."""
    return await _decide(call, call.path["id"], call.sent(Authorize))


async def authorize_any(call: Call) -> Decision:
    """Decide for the agent whose token this is, or for the one that the body names."""
    asked = call.sent(AuthorizeAny)
    if call.principal.kind != "agent":
        if asked.agent_id is None:
            raise Refused(422, "INVALID_INPUT", "agentId: name the agent, or send the agent's own token")
        await call.access.agent_to_decide(asked.agent_id)
        return await _decide(call, asked.agent_id, asked)
    if asked.agent_id is not None:
        raise Refused(422, "INVALID_INPUT", "agentId: an agent asks for itself only; leave it out")
    result = await call.kavach.authorize_by_token(
        call.principal.token,
        action=asked.action,
        resource=asked.resource,
        arguments=asked.arguments,
        ip=call.ip,
        user_agent=call.user_agent,
        tokens_cost=asked.tokens_cost,
    )
    if result.code == "unknown_agent":
        raise unauthenticated(given=True)
    return _decision(result)


ROUTES: Final = (
    Route(
        "POST",
        "/agents/{id}/authorize",
        authorize,
        "Decide whether an agent may do something now, and record the decision",
        PEOPLE,
        "authorize",
        Access.agent_to_decide,
        answer=Decision,
        body=Authorize,
    ),
    *(
        Route(
            "POST",
            path,
            authorize_any,
            "Decide whether the agent that holds the token may do something now, and record the decision",
            ANYONE_KNOWN,
            "authorize",
            answer=Decision,
            body=AuthorizeAny,
            audits_unknown=True,
        )
        for path in ("/authorize", "/authorize/token")
    ),
)
