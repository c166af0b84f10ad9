"""What is this adapter's own, and so no clause of the suite."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from kavach_stdlib import open_storage

from kavach_core import TransactionError, create_kavach


def test_kavach_works_on_it(tmp_path: Path) -> None:
    with create_kavach(storage=open_storage(str(tmp_path / "kavach.db"))) as kavach:
        agent = kavach.agent.create(owner_id="user-1", name="a", type="service", permissions=[])
        assert not kavach.authorize(agent.id, action="read", resource="mcp:github:repos").allowed


def test_a_connection_that_is_in_no_transaction_is_not_joined(tmp_path: Path) -> None:
    path = str(tmp_path / "kavach.db")
    with (
        closing(open_storage(path)) as storage,
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(TransactionError, match="BEGIN"),
    ):
        storage.using(connection)


def test_the_applications_row_factory_is_not_ours(tmp_path: Path) -> None:
    path = str(tmp_path / "kavach.db")
    with closing(open_storage(path)) as storage, closing(sqlite3.connect(path)) as connection:
        connection.row_factory = lambda cursor, row: {"row": row}
        connection.execute("BEGIN")
        view = storage.using(connection)
        assert view.count_agents() == 0
        assert view.find_agent_by_id("nobody") is None


def test_closing_closes_every_connection(tmp_path: Path) -> None:
    closed = []

    class Noted(sqlite3.Connection):
        def close(self) -> None:
            closed.append(self)
            super().close()

    storage = open_storage(str(tmp_path / "kavach.db"), factory=Noted)
    with storage.transaction() as transaction:
        assert storage.count_agents() == transaction.count_agents() == 0
    assert not closed
    storage.close()
    assert len(closed) == 2
