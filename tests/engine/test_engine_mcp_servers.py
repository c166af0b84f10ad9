"""The registry of MCP servers."""

from __future__ import annotations

from typing import Any

import pytest

from kavach_core import ConflictError, InvalidInput


async def test_a_server_is_registered_once_and_found(kavach: Any) -> None:
    made = await kavach.mcp_server.register(
        name="github", endpoint="https://mcp.test/", tools=["issues"], auth_required=False, rate_limit_rpm=60
    )
    assert await kavach.mcp_server.get(made.id) == made
    assert (made.tools, made.auth_required, made.rate_limit_rpm) == (["issues"], False, 60)
    with pytest.raises(ConflictError):
        await kavach.mcp_server.register(name="again", endpoint="https://mcp.test/", tools=[])
    assert await kavach.mcp_server.get("nobody") is None


async def test_servers_are_listed_page_by_page(kavach: Any, clock: Any) -> None:
    for number in range(3):
        await kavach.mcp_server.register(name=f"{number}", endpoint=f"https://mcp.test/{number}", tools=[])
        clock.pass_time(seconds=1)
    first = await kavach.mcp_server.list(limit=2)
    rest = await kavach.mcp_server.list(limit=2, after=first[-1])
    assert [server.name for server in (*first, *rest)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"rate_limit_rpm": 0},
        *(
            {"endpoint": text}
            for text in ("ftp://mcp.test", "https://", "https://u:p@mcp.test", "mcp.test", "https://[")
        ),
    ],
    ids=str,
)
async def test_wrong_input_is_refused(kavach: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await kavach.mcp_server.register(**{"name": "a", "endpoint": "https://mcp.test", "tools": [], **wrong})
    with pytest.raises(InvalidInput, match="limit"):
        await kavach.mcp_server.list(limit=1001)
