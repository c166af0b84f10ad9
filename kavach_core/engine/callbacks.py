"""What a host may have called, in both colours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from kavach_core.engine.values import Approval
from kavach_schema.records import AuditLog

ApprovalCallback: TypeAlias = Callable[[Approval], None]
"""What a host does about a new request for approval, such as to notify a person."""

AsyncApprovalCallback: TypeAlias = Callable[[Approval], Awaitable[None]]
"""The same, under asyncio."""

AuditSender: TypeAlias = Callable[[Sequence[AuditLog]], None]
"""What takes audit rows to where they are streamed; it MUST raise where they did not arrive."""

AsyncAuditSender: TypeAlias = Callable[[Sequence[AuditLog]], Awaitable[None]]
"""The same, under asyncio."""
