"""Kavach on the standard library's sqlite3 and nothing else: what an adapter of your own looks like."""

from kavach_stdlib._asyncio import open_async_storage
from kavach_stdlib._storage import open_storage

__all__ = ["open_async_storage", "open_storage"]
