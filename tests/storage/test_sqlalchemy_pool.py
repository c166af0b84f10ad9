"""Loans of a pool without SQLAlchemy's proxy: its limits hold, who listens is told, and nothing stays out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from kavach_core.errors import BackendUnavailable
from kavach_core.storage import Storage
from kavach_schema.tables.agents import AGENTS
from kavach_sqlalchemy import create_engine, create_sqlalchemy_adapter
from kavach_sqlalchemy._pool import BareLoan, borrow
from storage.samples import row


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine("sqlite", f"sqlite:///{tmp_path / 'kavach.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def storage(engine: Engine) -> Storage:
    storage = create_sqlalchemy_adapter(engine)
    storage.prepare_schema()
    return storage


def test_a_loan_is_counted_by_the_pool(engine: Engine) -> None:
    first, second = borrow(engine), borrow(engine)
    assert isinstance(first, BareLoan)
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 2
    first.close()
    second.close()
    assert (engine.pool.checkedout(), engine.pool.checkedin()) == (0, 2)


@pytest.mark.parametrize("name", ["checkout", "checkin", "reset"])
def test_who_listens_is_told_of_each_operation(engine: Engine, storage: Storage, name: str) -> None:
    told: list[str] = []
    event.listen(engine, name, lambda *_: told.append(name))
    storage.find_agent_by_id("a")
    assert told == [name]


def test_a_host_that_has_connections_tried_before_has_them_tried(engine: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(engine.pool, "_pre_ping", True)
    with_proxy = borrow(engine)
    assert not isinstance(with_proxy, BareLoan)
    with_proxy.close()


@pytest.mark.parametrize("pool", [NullPool, StaticPool])
def test_other_pools_lend_in_their_own_way(tmp_path: Path, pool: Any) -> None:
    made = create_engine("sqlite", f"sqlite:///{tmp_path / 'kavach.db'}")
    engine = made.execution_options()
    engine.pool = pool(made.pool._creator, dialect=made.dialect)
    storage = create_sqlalchemy_adapter(engine)
    agent = storage.create_agent(**row(AGENTS))
    assert storage.find_agent_by_id(agent.id) == agent
    made.dispose()
    engine.dispose()


def test_a_connection_that_does_not_commit_by_itself_is_lent_by_sqlalchemy_which_resets_it(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'kavach.db'}", skip_autocommit_rollback=True)
    loan = borrow(engine)
    assert not isinstance(loan, BareLoan)
    loan.close()
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_a_connection_that_cannot_be_had_leaves_its_place_in_the_pool(engine: Engine, storage: Storage) -> None:
    assert isinstance(engine.pool, QueuePool)
    engine.dispose()
    places = engine.pool.checkedout()

    def refuse(*_: object) -> None:
        raise engine.dialect.loaded_dbapi.OperationalError("no")

    event.listen(engine, "connect", refuse)
    for _ in range(engine.pool.size() + 20):
        with pytest.raises(BackendUnavailable):
            storage.find_agent_by_id("a")
    event.remove(engine, "connect", refuse)
    assert engine.pool.checkedout() == places
    assert storage.find_agent_by_id("a") is None


def test_an_interrupted_operation_does_not_leave_its_connection_in_the_pool(
    engine: Engine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    closed: list[object] = []
    event.listen(engine, "invalidate", lambda connection, *_: closed.append(connection))
    with monkeypatch.context() as patch:
        patch.setattr("kavach_sqlalchemy._link.run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            storage.find_agent_by_id("a")
    assert len(closed) == 1
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0
    assert storage.find_agent_by_id("a") is None
