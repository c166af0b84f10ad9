"""The storage contract: documented methods over a small closed set of operations, in both colours."""

from kavach_core.storage._async.backend import AsyncBackend
from kavach_core.storage._async.memory import create_async_memory_storage
from kavach_core.storage._async.storage import AsyncStorage
from kavach_core.storage._sync.backend import Backend
from kavach_core.storage._sync.memory import create_memory_storage
from kavach_core.storage._sync.storage import Storage
from kavach_core.storage.capabilities import Capabilities

__all__ = [
    "AsyncBackend",
    "AsyncStorage",
    "Backend",
    "Capabilities",
    "Storage",
    "create_async_memory_storage",
    "create_memory_storage",
]
