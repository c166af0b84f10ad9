"""Agents and everything that is decided about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kavach_schema.model import Table, integer, json, key, long_text, metadata, text, time
from kavach_schema.tables.lengths import ACTION, RESOURCE, URL, USER_AGENT

if TYPE_CHECKING:
    from kavach_schema.records import (
        Agent,
        AgentCard,
        AgentDid,
        ApprovalRequest,
        AuditHold,
        AuditLog,
        AuditSeal,
        AuditStream,
        BudgetPolicy,
        CostEvent,
        Counter,
        DelegationChain,
        EphemeralSession,
        Permission,
        RateLimit,
        TrustScore,
    )

AGENTS: Table[Agent] = Table(
    "kavach_agents",
    "KavachAgent",
    "A program that acts for its owner and authenticates with a token.",
    (
        key(),
        text("owner_id"),
        text("tenant_id", null=True),
        text("name"),
        text("type", 32),
        text("status", 32, default="active"),
        text("token_hash"),
        text("token_prefix", 32),
        time("expires_at", null=True),
        time("last_active_at", null=True),
        metadata(),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(
        ("owner_id", "created_at", "id"),
        ("tenant_id", "created_at", "id"),
        ("status", "created_at", "id"),
        ("created_at", "id"),
    ),
)

PERMISSIONS: Table[Permission] = Table(
    "kavach_permissions",
    "KavachPermission",
    "What an agent may do: actions on a resource pattern, under constraints.",
    (
        key(),
        text("agent_id", belongs_to="kavach_agents"),
        text("resource", RESOURCE),
        json("actions", "list[str]"),
        json("constraints", "dict[str, JsonValue]", null=True),
        time("created_at"),
    ),
    indexes=(("agent_id", "created_at", "id"),),
)

DELEGATION_CHAINS: Table[DelegationChain] = Table(
    "kavach_delegation_chains",
    "KavachDelegationChain",
    "Permissions that one agent handed to another, for a time.",
    (
        key(),
        text("from_agent_id", belongs_to="kavach_agents"),
        text("to_agent_id", belongs_to="kavach_agents"),
        text("parent_chain_id", null=True),
        json("permissions", "list[dict[str, JsonValue]]"),
        integer("depth", default=1),
        integer("max_depth", default=3),
        text("status", 32, default="active"),
        time("expires_at"),
        time("created_at"),
    ),
    indexes=(
        ("from_agent_id", "created_at", "id"),
        ("to_agent_id", "created_at", "id"),
        ("parent_chain_id", "created_at", "id"),
        ("expires_at",),
    ),
)

AUDIT_LOGS: Table[AuditLog] = Table(
    "kavach_audit_logs",
    "KavachAuditLog",
    "One decision: who asked for what, and what was answered.",
    (
        key(),
        text("agent_id"),
        text("user_id"),
        text("action", ACTION),
        text("resource", RESOURCE),
        json("parameters", "dict[str, JsonValue]", null=True),
        text("result", 32),
        text("code", 64, null=True),
        text("reason", 1024, null=True),
        json("constraints", "list[str]", null=True),
        json("delegation_chain", "list[dict[str, JsonValue]]", null=True),
        integer("duration_ms"),
        integer("duration_us", null=True),
        integer("tokens_cost", null=True),
        text("ip", 64, null=True),
        text("user_agent", USER_AGENT, null=True),
        time("timestamp"),
    ),
    indexes=(("agent_id", "timestamp", "id"), ("user_id", "timestamp", "id"), ("timestamp", "id")),
)

AUDIT_SEALS: Table[AuditSeal] = Table(
    "kavach_audit_seals",
    "KavachAuditSeal",
    "A batch of audit rows by their digests, chained to the batch before; the key is the number, as text.",
    (
        key(),
        integer("number"),
        json("leaves", "list[str]"),
        integer("row_count"),
        text("root", 64),
        time("last_timestamp", null=True),
        text("last_id", null=True),
        time("removed_before", null=True),
        text("previous", 64),
        text("hash", 64),
        time("sealed_at"),
    ),
    indexes=(("number", "id"),),
)

AUDIT_STREAMS: Table[AuditStream] = Table(
    "kavach_audit_streams",
    "KavachAuditStream",
    "How far a named stream has delivered the audit trail: the last row that was accepted.",
    (
        key(),
        time("last_timestamp"),
        text("last_id"),
        time("updated_at"),
    ),
)

AUDIT_HOLDS: Table[AuditHold] = Table(
    "kavach_audit_holds",
    "KavachAuditHold",
    "A legal hold: audit rows of an agent, of an owner, or all, that retention must not remove.",
    (
        key(),
        text("agent_id", null=True),
        text("user_id", null=True),
        text("reason", 1024),
        text("status", 32, default="active"),
        text("placed_by"),
        time("created_at"),
        text("lifted_by", null=True),
        time("lifted_at", null=True),
    ),
    indexes=(("status", "created_at", "id"), ("created_at", "id")),
)

RATE_LIMITS: Table[RateLimit] = Table(
    "kavach_rate_limits",
    "KavachRateLimit",
    "How many calls an agent made on a resource in one window of time.",
    (
        key(),
        text("agent_id", belongs_to="kavach_agents"),
        text("resource", 400),
        time("window_start"),
        integer("count", default=0),
    ),
    uniques=(("agent_id", "resource", "window_start"),),
    indexes=(("window_start",),),
)

COUNTERS: Table[Counter] = Table(
    "kavach_counters",
    "KavachCounter",
    "How much of something there was in one window of time: the usage of a budget, failed sign-ins of an account.",
    (
        key(),
        text("subject", 400),
        time("window_start"),
        integer("count", default=0),
    ),
    uniques=(("subject", "window_start"),),
    indexes=(("window_start",),),
)

APPROVAL_REQUESTS: Table[ApprovalRequest] = Table(
    "kavach_approval_requests",
    "KavachApprovalRequest",
    "A call that waits for a person's consent.",
    (
        key(),
        text("agent_id", belongs_to="kavach_agents"),
        text("user_id"),
        text("action", ACTION),
        text("resource", RESOURCE),
        json("arguments", "dict[str, JsonValue]", null=True),
        text("status", 32, default="pending"),
        time("expires_at"),
        time("responded_at", null=True),
        text("responded_by", null=True),
        time("created_at"),
    ),
    indexes=(
        ("agent_id", "status", "created_at", "id"),
        ("user_id", "status", "created_at", "id"),
        ("status", "created_at", "id"),
        ("expires_at",),
    ),
)

TRUST_SCORES: Table[TrustScore] = Table(
    "kavach_trust_scores",
    "KavachTrustScore",
    "How far an agent has earned autonomy, from 0 to 100.",
    (
        key("agent_id", belongs_to="kavach_agents"),
        integer("score"),
        text("level", 32),
        json("factors", "dict[str, JsonValue]"),
        time("computed_at"),
    ),
    key="agent_id",
)

BUDGET_POLICIES: Table[BudgetPolicy] = Table(
    "kavach_budget_policies",
    "KavachBudgetPolicy",
    "Limits on calls, tokens and cost of an agent, a user or a tenant.",
    (
        key(),
        text("agent_id", null=True, belongs_to="kavach_agents"),
        text("user_id", null=True),
        text("tenant_id", null=True),
        json("limits", "dict[str, JsonValue]"),
        json("current_usage", "dict[str, JsonValue]"),
        text("action", 32, default="warn"),
        text("status", 32, default="active"),
        time("created_at"),
    ),
    indexes=(
        ("agent_id", "created_at", "id"),
        ("user_id", "created_at", "id"),
        ("tenant_id", "created_at", "id"),
        ("created_at", "id"),
    ),
)

AGENT_CARDS: Table[AgentCard] = Table(
    "kavach_agent_cards",
    "KavachAgentCard",
    "What an agent tells other agents about itself (A2A).",
    (
        key(),
        text("agent_id", belongs_to="kavach_agents"),
        text("name"),
        text("description", 4000, null=True),
        text("version", 64),
        json("protocols", "list[str]"),
        json("capabilities", "list[JsonValue]"),
        json("auth_requirements", "dict[str, JsonValue]"),
        text("endpoint", URL, null=True),
        metadata(),
        time("created_at"),
        time("updated_at"),
    ),
    indexes=(("agent_id", "created_at", "id"), ("created_at", "id")),
)

AGENT_DIDS: Table[AgentDid] = Table(
    "kavach_agent_dids",
    "KavachAgentDid",
    "An agent's decentralised identifier and its public key.",
    (
        key("agent_id", belongs_to="kavach_agents"),
        text("did", URL),
        text("method", 32),
        long_text("public_key_jwk"),
        long_text("did_document"),
        time("created_at"),
    ),
    key="agent_id",
    uniques=(("did",),),
)

COST_EVENTS: Table[CostEvent] = Table(
    "kavach_cost_events",
    "KavachCostEvent",
    "What one tool call cost, in millionths of the currency.",
    (
        key(),
        text("agent_id"),
        text("tool"),
        integer("input_tokens", null=True),
        integer("output_tokens", null=True),
        integer("cost_micros"),
        text("currency", 8, default="USD"),
        metadata(),
        text("delegation_chain_id", null=True),
        time("recorded_at"),
    ),
    indexes=(
        ("agent_id", "recorded_at", "id"),
        ("delegation_chain_id", "recorded_at", "id"),
        ("recorded_at", "id"),
    ),
)

EPHEMERAL_SESSIONS: Table[EphemeralSession] = Table(
    "kavach_ephemeral_sessions",
    "KavachEphemeralSession",
    "A short-lived token of an agent for a bounded number of actions.",
    (
        key(),
        text("agent_id", belongs_to="kavach_agents"),
        text("owner_id"),
        text("token_hash"),
        time("expires_at"),
        integer("max_actions", null=True),
        integer("actions_used", default=0),
        text("status", 32, default="active"),
        text("audit_group_id"),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(("agent_id", "created_at", "id"), ("owner_id", "created_at", "id"), ("expires_at",)),
)
