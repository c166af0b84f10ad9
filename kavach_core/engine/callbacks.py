"""What a host may have called, in both colours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from kavach_core.engine.values import Approval

ApprovalCallback: TypeAlias = Callable[[Approval], None]
"""What a host does about a new request for approval, such as to notify a person."""

AsyncApprovalCallback: TypeAlias = Callable[[Approval], Awaitable[None]]
"""The same, under asyncio."""
