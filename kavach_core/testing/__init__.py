"""The conformance suite: proves a storage adapter, ours or anybody's, on its database.

    from kavach_core.testing import Harness, StorageSuite

    class TestMyStorage(StorageSuite):
        harness = MyHarness

It needs the extra `testing`. Of all that Kavach installs only this package imports pytest and Hypothesis.
"""

import pytest

# Before the clauses are imported: a failed assertion then shows both of its sides.
pytest.register_assert_rewrite("kavach_core.testing.clauses")

from kavach_core.testing.harness import (  # noqa: E402
    Harness,
    Host,
    HostTransaction,
    Observer,
    Statements,
)
from kavach_core.testing.levels import Level  # noqa: E402
from kavach_core.testing.suite import StorageSuite  # noqa: E402

__all__ = ["Harness", "Host", "HostTransaction", "Level", "Observer", "Statements", "StorageSuite"]
