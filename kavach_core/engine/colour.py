"""What has no name in the standard library: the synchronous counterpart of `Awaitable`."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

T = TypeVar("T")

Plain: TypeAlias = T
"""What a synchronous function returns where its asyncio twin returns an `Awaitable`."""
