"""The adapter conforms, at the highest level and in both colours."""

from harness import AsyncHarness, SyncHarness

from kavach_core.testing import StorageSuite


class TestSync(StorageSuite):
    harness = SyncHarness


class TestAsyncio(StorageSuite):
    harness = AsyncHarness
