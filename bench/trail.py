"""A long audit trail, written by the database itself, and the ways to read a page of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, and_, or_, select
from sqlalchemy.orm import Session

from bench.checks import WrongResult
from bench.data import EPOCH, Row, audit_record
from bench.databases import Provider
from bench.measure import Subject
from bench.models import AuditLogModel
from bench.raw import Raw
from bench.subjects_peewee import PeeweeHost
from kavach_core.storage import Storage
from kavach_schema.records import AuditLog
from kavach_schema.render.ddl import Flavour, create_index
from kavach_schema.tables.agents import AUDIT_LOGS

PAGE: Final = 50
DEEP: Final = 2000
"""The number of the deep page, where the trail has so many."""

BULK: Final = 500_000
"""From how many rows on they are written before their indexes."""


def seed_trail(raw: Raw, provider: Provider, first: int, last: int) -> None:
    """Write the audit rows from `first` up to `last`: two a second, each about one of 1,000 agents."""

    def key(prefix: str) -> str:
        hexadecimal = "to_hex(i)" if provider == "postgres" else "lower(hex(i))"
        if provider == "sqlite":
            return f"printf('%s%012x', '{prefix}', i)"
        return f"concat('{prefix}', lpad({hexadecimal}, 12, '0'))"

    parameters = """'{"repository": "kavach/kavach-core", "labels": ["bug", "storage"]}'"""
    values = {
        "id": key("00000000-0000-7000-8000-"),
        "agent_id": "'agent-' || (i % 1000)" if provider != "mysql" else "concat('agent-', i % 1000)",
        "user_id": "'ada'",
        "action": "'read'",
        "resource": "'mcp:github:issues'",
        "parameters": f"{parameters}::jsonb" if provider == "postgres" else parameters,
        "result": "'allowed'",
        "duration_ms": "i % 50",
        "duration_us": "i % 50000",
        "ip": "'203.0.113.7'",
        "user_agent": "'kavach-mcp/0.1 (python-httpx)'",
        "timestamp": f"{EPOCH} + {'i DIV 2' if provider == 'mysql' else 'i / 2'}",
    }
    quote = "`" if provider == "mysql" else '"'
    names = ", ".join(f"{quote}{name}{quote}" for name in values)
    selected = f"SELECT {', '.join(values.values())} FROM {numbers(provider, first, last)}"
    with _indexed_afterwards(raw, provider) if last - first >= BULK else nullcontext():
        raw.run(f"INSERT INTO kavach_audit_logs ({names}) {selected}")
    raw.settle()


def numbers(provider: Provider, first: int, last: int) -> str:
    """Return what stands behind FROM for the numbers i from `first` up to `last`."""
    if provider == "sqlite":
        counted = f"SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last - 1}"
        return f"(WITH RECURSIVE n(i) AS ({counted}) SELECT i FROM n) AS n"
    if provider == "postgres":
        return f"generate_series({first}, {last - 1}) AS n(i)"
    return f"(SELECT seq AS i FROM seq_{first}_to_{last - 1}) AS n"


@contextmanager
def _indexed_afterwards(raw: Raw, provider: Provider) -> Iterator[None]:
    """Drop the indexes of the trail, and build them again from the rows that are stored then, which is faster."""
    flavours: dict[Provider, Flavour] = {"sqlite": "sqlite", "postgres": "postgresql", "mysql": "mysql"}
    indexes = AUDIT_LOGS.constraints()
    for index in indexes:
        raw.run(f"DROP INDEX {index.name}{' ON kavach_audit_logs' if provider == 'mysql' else ''}")
    yield
    for index in indexes:
        raw.run(create_index(AUDIT_LOGS, index, flavours[provider]))


@dataclass(frozen=True, slots=True)
class Page:
    """A page to read: what stands before it, as a row of the driver and as a record; None for the first page."""

    after: Row | None
    record: AuditLog | None


def page_at(raw: Raw, number: int) -> Page:
    """Return a page by its number, counted from 1."""
    if number == 1:
        return Page(None, None)
    row = raw.row_before((number - 1) * PAGE - 1)
    return Page(row, audit_record(row))


def page_readers(raw: Raw, storage: Storage, host: Engine, peewee: PeeweeHost, stack: ExitStack) -> list[Subject]:
    """Return the ways to read 50 audit rows, newest first, behind a given one."""
    session = stack.enter_context(Session(host))
    in_session = storage.using(session)

    def rows(page: Page) -> Any:
        return raw.fetch_page(page.after)

    def records(page: Page) -> list[AuditLog]:
        return [audit_record(row) for row in raw.fetch_page(page.after)]

    def orm(page: Page) -> Any:
        model = AuditLogModel
        wanted = select(model).order_by(model.timestamp.desc(), model.id.desc()).limit(PAGE)
        if page.record is not None:
            then, key = page.record.timestamp, page.record.id
            wanted = wanted.where(and_(model.timestamp <= then, or_(model.timestamp < then, model.id < key)))
        with Session(host) as session:
            return session.scalars(wanted).all()

    def on_peewee(page: Page) -> Any:
        model = peewee.models.AuditLog
        wanted = model.select().order_by(model.timestamp.desc(), model.id.desc()).limit(PAGE)
        if page.record is not None:
            then, key = page.record.timestamp, page.record.id
            wanted = wanted.where((model.timestamp <= then) & ((model.timestamp < then) | (model.id < key)))
        return list(wanted)

    def ids_of(page: Page) -> list[Any]:
        return [row[0] for row in raw.fetch_page(page.after)]

    def check_records(page: Page, found: Any) -> None:
        if found != records(page) or len(found) != PAGE:
            raise WrongResult("another page than the one that was asked for")

    def check_models(page: Page, found: Any) -> None:
        if [model.id for model in found] != ids_of(page):
            raise WrongResult("another page than the one that was asked for")

    def check_rows(page: Page, found: Any) -> None:
        check_records(page, [audit_record(row) for row in found])

    def read(storage: Storage) -> Any:
        return lambda page: storage.query_audit_logs(limit=PAGE, after=page.record)

    own = "Peewee, select()"
    floor = peewee.raw_page_reader()
    return [
        Subject(f"raw {raw.driver}", "raw", rows, check_rows),
        Subject(f"raw {raw.driver}, again", "control", rows, check_rows),
        Subject(f"raw {raw.driver} + records", "record", records, check_records),
        Subject("adapter, own connection", "adapter", read(storage), check_records),
        Subject("adapter, joined Session", "adapter", read(in_session), check_records),
        Subject("ORM, Session per call", "orm", orm, check_models),
        *([Subject(floor[0], "other", lambda page: floor[1](page.after), check_rows)] if floor else []),
        Subject("Peewee adapter", "adapter", read(peewee.storage), check_records, own, floor[0] if floor else None),
        Subject(own, "other", on_peewee, check_models, own, floor[0] if floor else None),
    ]
