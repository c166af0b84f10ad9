"""Operations on what is decided: audit logs, their seals, streams and holds, counters and approval requests."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST
from kavach_core.storage.operations import (
    Count,
    Delete,
    Filter,
    Find,
    Get,
    Increment,
    Insert,
    InsertMany,
    Update,
    Upsert,
    equal,
)
from kavach_schema.tables.agents import (
    APPROVAL_REQUESTS,
    AUDIT_HOLDS,
    AUDIT_LOGS,
    AUDIT_SEALS,
    AUDIT_STREAMS,
    COUNTERS,
    RATE_LIMITS,
)

CREATE_AUDIT_LOG = Insert(AUDIT_LOGS)
CREATE_AUDIT_LOGS = InsertMany(AUDIT_LOGS)
_AUDIT_FILTERS = (
    *equal("agent_id", "user_id", "result", optional=True),
    Filter("action", "actions", "in"),
    Filter("timestamp", "since", ">="),
    Filter("timestamp", "until", "<"),
)

QUERY_AUDIT_LOGS = Find(AUDIT_LOGS, _AUDIT_FILTERS, ("timestamp", "id"), descending=True)
STREAM_AUDIT_LOGS = Find(AUDIT_LOGS, _AUDIT_FILTERS, ("timestamp", "id"))
COUNT_AUDIT_LOGS = Count(AUDIT_LOGS, _AUDIT_FILTERS)
DELETE_AUDIT_LOGS_BEFORE = Delete(
    AUDIT_LOGS, (Filter("timestamp", "before", "<", optional=False), Filter("id", "ids", "in"))
)

FIND_AUDIT_SEAL = Get(AUDIT_SEALS, ("id",))
QUERY_AUDIT_SEALS = Find(AUDIT_SEALS, (), ("number", "id"), descending=True)
LIST_AUDIT_SEALS = Find(AUDIT_SEALS, (), ("number", "id"))
CREATE_AUDIT_SEAL = Insert(AUDIT_SEALS)

FIND_AUDIT_STREAM = Get(AUDIT_STREAMS, ("id",))
UPSERT_AUDIT_STREAM = Upsert(AUDIT_STREAMS, ("id",))

FIND_AUDIT_HOLD = Get(AUDIT_HOLDS, ("id",))
LIST_AUDIT_HOLDS = Find(AUDIT_HOLDS, equal("status", optional=True), OLDEST_FIRST, current=True)
CREATE_AUDIT_HOLD = Insert(AUDIT_HOLDS)
UPDATE_AUDIT_HOLD = Update(AUDIT_HOLDS, ("id",), expect=("status",))

_WINDOW = ("agent_id", "resource", "window_start")
FIND_RATE_LIMIT = Get(RATE_LIMITS, _WINDOW)
UPSERT_RATE_LIMIT = Upsert(RATE_LIMITS, _WINDOW)
INCREMENT_RATE_LIMIT = Increment(RATE_LIMITS, _WINDOW, "count")
LIST_RATE_LIMITS = Find(
    RATE_LIMITS,
    (*equal("agent_id", "resource"), Filter("window_start", "since", ">=")),
    ("window_start", "id"),
    current=True,
)
DELETE_RATE_LIMITS_BEFORE = Delete(RATE_LIMITS, (Filter("window_start", "before", "<", optional=False),))

FIND_COUNTER = Get(COUNTERS, ("subject", "window_start"))
UPSERT_COUNTER = Upsert(COUNTERS, ("subject", "window_start"))
INCREMENT_COUNTER = Increment(COUNTERS, ("subject", "window_start"), "count")
LIST_COUNTERS = Find(
    COUNTERS,
    (*equal("subject"), Filter("window_start", "since", ">=")),
    ("window_start", "id"),
    current=True,
)
FIND_COUNTERS_BY_SUBJECTS = Find(
    COUNTERS,
    (Filter("subject", "subjects", "in", optional=False), Filter("window_start", "since", ">=")),
    ("window_start", "id"),
)
DELETE_COUNTERS = Delete(COUNTERS, equal("subject"))
DELETE_COUNTERS_BEFORE = Delete(COUNTERS, (Filter("window_start", "before", "<", optional=False),))

FIND_APPROVAL_REQUEST = Get(APPROVAL_REQUESTS, ("id",))
LIST_PENDING_APPROVALS = Find(APPROVAL_REQUESTS, equal("status", "agent_id", "user_id", optional=True), OLDEST_FIRST)
CREATE_APPROVAL_REQUEST = Insert(APPROVAL_REQUESTS)
UPDATE_APPROVAL_REQUEST = Update(APPROVAL_REQUESTS, ("id",), expect=("status",))
DELETE_EXPIRED_APPROVAL_REQUESTS = Delete(
    APPROVAL_REQUESTS, (Filter("expires_at", "now", "<=", optional=False), Filter("status", "statuses", "in"))
)
