"""Operations on agents, permissions, delegations and trust scores."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST, deletions_with
from kavach_core.storage.contract.accounting import FIND_BUDGET_POLICIES_FOR
from kavach_core.storage.operations import (
    Along,
    Count,
    Delete,
    Filter,
    Find,
    Gather,
    Get,
    Increment,
    Insert,
    InsertMany,
    Update,
    Upsert,
    equal,
)
from kavach_schema.tables.agents import AGENTS, DELEGATION_CHAINS, PERMISSIONS, TRUST_SCORES
from kavach_schema.tables.identity import TENANTS

FIND_AGENT_BY_ID = Get(AGENTS, ("id",))
FIND_AGENT_BY_TOKEN_HASH = Get(AGENTS, ("token_hash",))
FIND_AGENTS_BY_IDS = Find(AGENTS, (Filter("id", "agent_ids", "in", optional=False),), OLDEST_FIRST)
_AGENT_FILTERS = equal("owner_id", "tenant_id", "status", "type", optional=True)

LIST_AGENTS = Find(AGENTS, _AGENT_FILTERS, OLDEST_FIRST)
COUNT_AGENTS = Count(AGENTS, _AGENT_FILTERS)
COUNT_CURRENT_AGENTS = Count(AGENTS, (*equal("owner_id", "tenant_id", optional=True), *equal("status")), current=True)
CREATE_AGENT = Insert(AGENTS)
UPDATE_AGENT = Update(AGENTS, ("id",), expect=("status", "token_hash"))
DELETE_AGENT = Delete(AGENTS, equal("id"))
DELETE_ROWS_OF_AGENT = deletions_with(AGENTS)

FIND_PERMISSIONS_BY_AGENT_ID = Find(PERMISSIONS, equal("agent_id"), OLDEST_FIRST)
FIND_PERMISSIONS_BY_AGENT_IDS = Find(
    PERMISSIONS, (Filter("agent_id", "agent_ids", "in", optional=False),), OLDEST_FIRST
)
CREATE_PERMISSION = Insert(PERMISSIONS)
CREATE_PERMISSIONS = InsertMany(PERMISSIONS)
DELETE_PERMISSION = Delete(PERMISSIONS, equal("id"))
DELETE_PERMISSIONS_BY_AGENT_ID = Delete(PERMISSIONS, equal("agent_id"))

FIND_DELEGATION_CHAIN = Get(DELEGATION_CHAINS, ("id",))
FIND_DELEGATION_CHAINS_BY_IDS = Find(
    DELEGATION_CHAINS, (Filter("id", "chain_ids", "in", optional=False),), OLDEST_FIRST
)
FIND_DELEGATION_CHAINS_BY_PARENTS = Find(
    DELEGATION_CHAINS, (Filter("parent_chain_id", "parent_ids", "in", optional=False),), OLDEST_FIRST
)
FIND_DELEGATION_CHAINS_BY_AGENT = Find(
    DELEGATION_CHAINS,
    (
        Filter("from_agent_id", "agent_id", either="to_agent_id"),
        *equal("from_agent_id", "to_agent_id", "status", optional=True),
    ),
    OLDEST_FIRST,
)
CREATE_DELEGATION_CHAIN = Insert(DELEGATION_CHAINS)
UPDATE_DELEGATION_CHAIN = Update(DELEGATION_CHAINS, ("id",), expect=("status",))
DELETE_EXPIRED_DELEGATION_CHAINS = Delete(DELEGATION_CHAINS, (Filter("expires_at", "now", "<=", optional=False),))

FIND_TRUST_SCORE = Get(TRUST_SCORES, ("agent_id",))
FIND_TRUST_SCORES_BY_IDS = Find(
    TRUST_SCORES, (Filter("agent_id", "agent_ids", "in", optional=False),), ("computed_at", "agent_id")
)
UPSERT_TRUST_SCORE = Upsert(TRUST_SCORES, ("agent_id",))
UPDATE_TRUST_SCORE = Update(TRUST_SCORES, ("agent_id",), expect=("revision",))
INCREMENT_TRUST_SCORE_REVISION = Increment(TRUST_SCORES, ("agent_id",), "revision")

_FACTS = (
    Along(Find(TENANTS, equal("id"), ("id",)), {"id": "tenant_id"}),
    Along(
        Find(
            PERMISSIONS, (*equal("agent_id"), Filter("resource", "resource", "pattern", optional=False)), OLDEST_FIRST
        ),
        {"agent_id": "id"},
    ),
    Along(
        Find(
            DELEGATION_CHAINS, (*equal("to_agent_id"), Filter("status", "chain_status", optional=False)), OLDEST_FIRST
        ),
        {"to_agent_id": "id"},
    ),
    Along(FIND_BUDGET_POLICIES_FOR, {"agent_id": "id", "user_id": "owner_id", "tenant_id": "tenant_id"}),
    Along(Find(TRUST_SCORES, equal("agent_id"), ("agent_id",)), {"agent_id": "id"}),
)
FIND_AGENT_FACTS_BY_ID = Gather(AGENTS, ("id",), _FACTS)
FIND_AGENT_FACTS_BY_TOKEN_HASH = Gather(AGENTS, ("token_hash",), _FACTS)
