"""Operations on budgets, costs, cards, identifiers and ephemeral sessions of agents."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST
from kavach_core.storage.operations import Delete, Filter, Find, Get, Increment, Insert, Update, equal
from kavach_schema.tables.agents import AGENT_CARDS, AGENT_DIDS, BUDGET_POLICIES, COST_EVENTS, EPHEMERAL_SESSIONS

FIND_BUDGET_POLICY = Get(BUDGET_POLICIES, ("id",))
LIST_BUDGET_POLICIES = Find(
    BUDGET_POLICIES, equal("agent_id", "user_id", "tenant_id", "status", optional=True), OLDEST_FIRST
)
FIND_BUDGET_POLICIES_FOR = Find(
    BUDGET_POLICIES,
    tuple(Filter(column, column, optional=False, or_null=True) for column in ("agent_id", "user_id", "tenant_id")),
    OLDEST_FIRST,
)
CREATE_BUDGET_POLICY = Insert(BUDGET_POLICIES)
UPDATE_BUDGET_POLICY = Update(BUDGET_POLICIES, ("id",), expect=("status",))
DELETE_BUDGET_POLICY = Delete(BUDGET_POLICIES, equal("id"))
CREATE_COST_EVENT = Insert(COST_EVENTS)
LIST_COST_EVENTS = Find(
    COST_EVENTS,
    (
        *equal("agent_id", "delegation_chain_id", optional=True),
        Filter("recorded_at", "since", ">="),
        Filter("recorded_at", "until", "<"),
    ),
    ("recorded_at", "id"),
    descending=True,
)
FIND_AGENT_CARD = Get(AGENT_CARDS, ("id",))
LIST_AGENT_CARDS = Find(AGENT_CARDS, (), OLDEST_FIRST)
LIST_AGENT_CARDS_BY_AGENT = Find(AGENT_CARDS, equal("agent_id"), OLDEST_FIRST)
CREATE_AGENT_CARD = Insert(AGENT_CARDS)
UPDATE_AGENT_CARD = Update(AGENT_CARDS, ("id",))
DELETE_AGENT_CARD = Delete(AGENT_CARDS, equal("id"))
FIND_AGENT_DID = Get(AGENT_DIDS, ("agent_id",))
FIND_AGENT_DID_BY_DID = Get(AGENT_DIDS, ("did",))
CREATE_AGENT_DID = Insert(AGENT_DIDS)
UPDATE_AGENT_DID = Update(AGENT_DIDS, ("agent_id",))
DELETE_AGENT_DID = Delete(AGENT_DIDS, equal("agent_id"))
FIND_EPHEMERAL_SESSION = Get(EPHEMERAL_SESSIONS, ("id",))
FIND_EPHEMERAL_SESSION_BY_TOKEN_HASH = Get(EPHEMERAL_SESSIONS, ("token_hash",))
LIST_EPHEMERAL_SESSIONS_BY_AGENT = Find(
    EPHEMERAL_SESSIONS,
    (
        *equal("agent_id"),
        *equal("status", optional=True),
    ),
    OLDEST_FIRST,
)
CREATE_EPHEMERAL_SESSION = Insert(EPHEMERAL_SESSIONS)
UPDATE_EPHEMERAL_SESSION = Update(EPHEMERAL_SESSIONS, ("id",), expect=("status",))
USE_EPHEMERAL_SESSION = Increment(
    EPHEMERAL_SESSIONS,
    ("token_hash",),
    "actions_used",
    create=False,
    bound="max_actions",
    alive=(*equal("status"), Filter("expires_at", "now", ">", optional=False)),
)
DELETE_EXPIRED_EPHEMERAL_SESSIONS = Delete(EPHEMERAL_SESSIONS, (Filter("expires_at", "now", "<=", optional=False),))
