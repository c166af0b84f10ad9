"""Secrets in arguments: taken out before anything is stored, and seen by the decision all the same."""

from __future__ import annotations

from typing import Any

import pytest

from engine.support import CANARY, Host, make_agent
from kavach_core import ConfigurationError, InvalidInput

pytestmark = pytest.mark.one_database

ARGUMENTS = {"user": "ada", "login": [{"Password": CANARY}], "headers": {"Authorization": f"Bearer {CANARY}"}}
STORED = {"user": "ada", "login": [{"Password": "[redacted]"}], "headers": {"Authorization": "[redacted]"}}
CALL: dict[str, Any] = {"action": "sign-in", "resource": "a"}


@pytest.mark.every_database
async def test_a_secret_reaches_no_table(host: Host) -> None:
    asked: list[Any] = []

    async def notify(request: Any) -> None:
        asked.append(request)

    announce: Any = notify if host.opened.colour == "asyncio" else asked.append
    kavach = await host.kavach(on_approval_request=announce)
    agent = await make_agent(
        kavach, {"resource": "a", "actions": ["sign-in"], "constraints": {"requireApproval": True}}
    )
    denied = await kavach.authorize(agent.id, arguments=ARGUMENTS, **CALL)
    await kavach.authorize_by_token(agent.token, arguments=ARGUMENTS, **CALL)
    assert [row.parameters for row in await host.audit_rows()] == [STORED, STORED]
    (pending,) = await kavach.approval.list_pending()
    assert (pending.id, pending.arguments) == (denied.approval_id, STORED)
    assert [request.arguments for request in asked] == [STORED]
    assert CANARY not in repr(await host.sql("SELECT * FROM kavach_approval_requests"))
    assert CANARY not in repr(await host.sql("SELECT * FROM kavach_audit_logs"))


async def test_the_digest_of_a_request_is_made_without_the_secret(host: Host, kavach: Any) -> None:
    """Whoever reads the id of a request must not be able to try passwords against it."""
    agent = await make_agent(kavach)
    first = await kavach.approval.request(agent.id, arguments=ARGUMENTS, **CALL)
    assert first.arguments == STORED
    other = {**ARGUMENTS, "headers": {"Authorization": "other"}}
    assert (await kavach.approval.request(agent.id, arguments=other, **CALL)).id == first.id
    assert (await kavach.approval.request(agent.id, arguments={**other, "user": "eve"}, **CALL)).id != first.id


async def test_constraints_see_the_arguments_as_they_are(host: Host, kavach: Any) -> None:
    permission = {"resource": "a", "actions": ["sign-in"], "constraints": {"allowedArgPatterns": {"token": ["right"]}}}
    agent = await make_agent(kavach, permission)
    for token, code in (("right", None), ("wrong", "argument_not_allowed")):
        assert (await kavach.authorize(agent.id, arguments={"token": token}, **CALL)).code == code
    assert [row.parameters for row in await host.audit_rows()] == [{"token": "[redacted]"}] * 2


async def test_a_host_names_what_is_secret(host: Host) -> None:
    kavach = await host.kavach(audit={"redact": ["ssn"]})
    await kavach.authorize("a", arguments={"SSN": 1, "password": 2}, **CALL)
    (row,) = await host.audit_rows()
    assert row.parameters == {"SSN": "[redacted]", "password": 2}


async def test_a_callable_gets_a_copy_and_says_what_is_stored(host: Host) -> None:
    def redact(arguments: Any) -> Any:
        arguments["deep"].clear()
        return {"keys": sorted(arguments)}

    kavach = await host.kavach(audit={"redact": redact})
    given = {"deep": {"password": CANARY}}
    await kavach.authorize("a", arguments=given, **CALL)
    await kavach.authorize("a", **CALL)
    assert given == {"deep": {"password": CANARY}}
    assert [row.parameters for row in await host.audit_rows()] == [{"keys": ["deep"]}, None]


@pytest.mark.parametrize("returned", [None, "text", {"a": float("nan")}, {"a": object()}])
async def test_a_callable_that_fails_allows_nothing(host: Host, returned: Any) -> None:
    kavach = await host.kavach(audit={"redact": lambda arguments: returned})
    agent = await make_agent(kavach, {"resource": "a", "actions": ["sign-in"]})
    with pytest.raises(InvalidInput, match=r"^(audit\.redact|kavach_audit_logs\.parameters): "):
        await kavach.authorize(agent.id, arguments={"password": CANARY}, **CALL)
    assert await host.audit_rows() == []


@pytest.mark.parametrize("rule", ["password", 7, None, [""], [7], {"a": 1}])
async def test_a_malformed_rule_is_refused(host: Host, rule: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^audit\.redact: pass a list of names, or a callable$"):
        await host.kavach(audit={"redact": rule})
