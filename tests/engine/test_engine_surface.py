"""The public surface: complete, documented, and the same in both colours."""

from __future__ import annotations

import inspect
import re
from types import FunctionType, ModuleType
from typing import Any

import pytest

import kavach_core
import kavach_core.storage
import kavach_sqlalchemy
from kavach_core import AsyncKavach, AsyncStorage, Kavach, Storage, create_async_kavach, create_kavach
from kavach_core.engine._async.agents import AsyncAgents
from kavach_core.engine._async.api_keys import AsyncApiKeys
from kavach_core.engine._async.approvals import AsyncApprovals
from kavach_core.engine._async.audit import AsyncAudit
from kavach_core.engine._async.cards import AsyncAgentCards
from kavach_core.engine._async.delegation import AsyncDelegations
from kavach_core.engine._async.ephemeral import AsyncEphemeralSessions
from kavach_core.engine._async.invitations import AsyncInvitations
from kavach_core.engine._async.mcp_servers import AsyncMcpServers
from kavach_core.engine._async.organizations import AsyncOrganizations
from kavach_core.engine._async.service_tokens import AsyncServiceTokens
from kavach_core.engine._async.sessions import AsyncSessions
from kavach_core.engine._async.trust import AsyncTrust
from kavach_core.engine._async.users import AsyncUsers
from kavach_core.engine._sync.agents import Agents
from kavach_core.engine._sync.api_keys import ApiKeys
from kavach_core.engine._sync.approvals import Approvals
from kavach_core.engine._sync.audit import Audit
from kavach_core.engine._sync.cards import AgentCards
from kavach_core.engine._sync.delegation import Delegations
from kavach_core.engine._sync.ephemeral import EphemeralSessions
from kavach_core.engine._sync.invitations import Invitations
from kavach_core.engine._sync.mcp_servers import McpServers
from kavach_core.engine._sync.organizations import Organizations
from kavach_core.engine._sync.service_tokens import ServiceTokens
from kavach_core.engine._sync.sessions import Sessions
from kavach_core.engine._sync.trust import Trust
from kavach_core.engine._sync.users import Users

MODULES = [kavach_core, kavach_core.storage, kavach_sqlalchemy]
TWINS: list[tuple[type, type]] = [
    (AsyncKavach, Kavach),
    (AsyncStorage, Storage),
    (AsyncAgents, Agents),
    (AsyncApprovals, Approvals),
    (AsyncAudit, Audit),
    (AsyncDelegations, Delegations),
    (AsyncUsers, Users),
    (AsyncSessions, Sessions),
    (AsyncApiKeys, ApiKeys),
    (AsyncOrganizations, Organizations),
    (AsyncInvitations, Invitations),
    (AsyncMcpServers, McpServers),
    (AsyncServiceTokens, ServiceTokens),
    (AsyncAgentCards, AgentCards),
    (AsyncEphemeralSessions, EphemeralSessions),
    (AsyncTrust, Trust),
]

INTERNAL = {
    "grants_in",
    "grants_of",
    "find_or_create",
    "use",
    "give_back",
    "restrain",
    "observe",
    "keep_current",
    "open",
    "end_others",
}
"""What the engine calls itself: with the storage of the decision first."""


def public_names(module: ModuleType) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))]


def methods(cls: type) -> dict[str, Any]:
    """Return the public callables and properties of a class, its bases' included."""
    found = inspect.getmembers(cls, lambda value: isinstance(value, FunctionType | property))
    return {name: value for name, value in found if not name.startswith("_")}


def as_sync(text: str) -> str:
    """Spell annotations as the synchronous twin has them."""
    return re.sub(r"\bAsync(?=[A-Z])", "", text)


def signature_of(function: Any) -> list[tuple[str, object, object, str]]:
    parameters = inspect.signature(function).parameters.values()
    return [(found.name, found.kind, found.default, as_sync(str(found.annotation))) for found in parameters]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_all_is_sorted_and_complete(module: ModuleType) -> None:
    assert list(module.__all__) == sorted(set(module.__all__))
    assert sorted(public_names(module)) == list(module.__all__)


def documented(name: str, cls: type) -> dict[str, str | None]:
    """Return the docstrings of what a class itself defines."""
    own = {key: value for key, value in vars(cls).items() if isinstance(value, FunctionType | property)}
    return {f"{name}.{key}": value.__doc__ for key, value in own.items() if not key.startswith("_")}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_everything_public_is_documented(module: ModuleType) -> None:
    undocumented = [] if module.__doc__ else [module.__name__]
    for name in module.__all__:
        value = getattr(module, name)
        # Of a class only what it says itself: pydantic and Exception would answer for the rest.
        found = {name: vars(value).get("__doc__"), **documented(name, value)} if inspect.isclass(value) else {}
        undocumented += [key for key, text in (found or {name: value.__doc__}).items() if not text]
    assert undocumented == []


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: twins[1].__name__)
def test_every_method_is_documented_with_a_sentence(twins: tuple[type, type]) -> None:
    for cls in twins:
        for name, method in methods(cls).items():
            first = (method.__doc__ or "").strip().partition("\n")[0]
            assert first.endswith((".", ":")) or "." in first, f"{cls.__name__}.{name}"


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: twins[1].__name__)
def test_both_colours_have_the_same_methods(twins: tuple[type, type]) -> None:
    asyncio, plain = map(methods, twins)
    assert sorted(asyncio) == sorted(plain)
    for name, method in asyncio.items():
        assert type(method) is type(plain[name])
        if isinstance(method, FunctionType):
            assert signature_of(method) == signature_of(plain[name]), name
            assert as_sync(method.__doc__ or "") == as_sync(plain[name].__doc__ or ""), name


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: twins[1].__name__)
def test_the_synchronous_colour_never_awaits(twins: tuple[type, type]) -> None:
    for name, method in methods(twins[1]).items():
        target = inspect.unwrap(method) if isinstance(method, FunctionType) else method.fget
        assert not inspect.iscoroutinefunction(target), name
        assert not inspect.isasyncgenfunction(target), name


def test_both_ways_to_make_a_kavach_take_the_same() -> None:
    assert signature_of(create_async_kavach) == signature_of(create_kavach)
    assert inspect.iscoroutinefunction(create_async_kavach)
    assert not inspect.iscoroutinefunction(create_kavach)


def test_no_parameter_behind_the_first_is_positional() -> None:
    for pair in TWINS:
        for name, method in methods(pair[0]).items():
            if not isinstance(method, FunctionType) or name in INTERNAL:
                continue
            positional = [
                found
                for found in inspect.signature(method).parameters.values()
                if found.kind in (found.POSITIONAL_OR_KEYWORD, found.POSITIONAL_ONLY)
            ]
            assert len(positional) <= 2, name


def test_no_public_annotation_is_any() -> None:
    for pair in TWINS:
        for cls in pair:
            for name, method in methods(cls).items():
                if isinstance(method, FunctionType):
                    annotations = " ".join(map(str, inspect.get_annotations(method).values()))
                    assert not re.search(r"\bAny\b", annotations), f"{cls.__name__}.{name}"


def test_every_error_is_in_the_tree_at_the_top_of_its_module() -> None:
    from kavach_core import errors

    assert errors.__doc__ is not None
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.KavachError)
        assert re.search(rf"\b{name}\b", errors.__doc__), name
        assert name in kavach_core.__all__
