"""Examine a database as Kavach would find it, with advice for each finding: tables, settings, clock, speed.

Only settings of the server or the file are looked at, on a connection that changes none: those that Kavach sets on its
own connections are not the host's, whose transactions it may join.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version
from statistics import median
from typing import Final, Literal, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from kavach_core.cli.target import place, plain_engine, provider_of
from kavach_core.cli.terminal import Terminal
from kavach_core.errors import BackendUnavailable, StorageError
from kavach_schema.render.ddl import MYSQL_COLLATIONS
from kavach_sqlalchemy import check_schema, create_sqlalchemy_adapter

T = TypeVar("T")

_TIMES: Final = 5
"""How often a round trip and a commit are measured; the median is told."""

_SLOW_COMMIT: Final = 0.05
_FAR_AWAY: Final = 0.02
_WRONG_CLOCK: Final = 2.0

_OLDEST: Final[dict[str, tuple[int, ...]]] = {
    "SQLite": (3, 36),
    "PostgreSQL": (10,),
    "MariaDB": (10, 2, 7),
    "MySQL": (8, 0, 19),
}

_MYSQL_ISOLATION: Final = (
    "SELECT variable_value FROM {}.global_variables"
    " WHERE variable_name IN ('tx_isolation', 'transaction_isolation') LIMIT 1"
)
"""MariaDB calls it the one, MySQL the other; and they keep it in different places."""

_CLOCKS: Final = {
    "postgresql": "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)",
    "mysql": "SELECT UNIX_TIMESTAMP(SYSDATE(6)) + 0e0",
}

Verdict = Literal["fine", "advice", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, what it means, and what to do about it."""

    label: str
    text: str
    verdict: Verdict = "fine"
    advice: str = ""


def run(database: str, *, prefix: str, schema: str | None) -> bool:
    """Show all findings, and tell whether none of them is a problem.

    Raises `KavachError` where the database cannot be examined at all.
    """
    terminal = Terminal()
    terminal.title(f"Kavach {version('kavach-core')} on {place(provider_of(database), database)}")
    found: list[Finding] = []
    with plain_engine(database) as engine:
        for finding in examine(engine, prefix=prefix, schema=schema):
            mark = {"fine": "", "advice": "advice: ", "problem": "problem: "}[finding.verdict]
            terminal.line(finding.label, finding.text, mark + finding.advice)
            found.append(finding)
    counts = Counter(finding.verdict for finding in found)
    terminal.last(f"problems: {counts['problem']}, advice: {counts['advice']}")
    return not counts["problem"]


def examine(engine: Engine, *, prefix: str, schema: str | None) -> Iterator[Finding]:
    """Yield what is found, the tables first: this also tells whether the database can be reached at all."""
    tables = _tables(engine, prefix, schema)
    try:
        with engine.connect() as connection:
            yield _driver(connection)
            yield _server(connection)
            yield tables
            yield from _SETTINGS[engine.dialect.name](connection)
            yield from _clock(connection)
            yield _round_trip(connection)
        yield _commit(engine, prefix, schema, tables)
    except DBAPIError as error:
        raise BackendUnavailable(
            f"the database refused a question about itself ({type(error.orig).__name__}); check the rights of the user",
            retryable=False,
        ) from error


def _driver(connection: Connection) -> Finding:
    dialect = connection.dialect
    module = (dialect.dbapi.__name__ if dialect.dbapi else "").partition(".")[0]
    if dialect.name == "sqlite":
        text = f"sqlite3 of Python {python_version()}"
    else:
        package = {"MySQLdb": "mysqlclient"}.get(module, module)
        text = f"{package} {version(package)}, Python {python_version()}"
    return Finding("driver", f"{text}, SQLAlchemy {version('sqlalchemy')}")


def _server(connection: Connection) -> Finding:
    dialect = connection.dialect
    if dialect.name == "sqlite":
        name = "SQLite"
        told: tuple[int | str, ...] = sqlite3.sqlite_version_info
    else:
        told = dialect.server_version_info or ()
        is_mariadb = getattr(dialect, "is_mariadb", False)
        name = "PostgreSQL" if dialect.name == "postgresql" else "MariaDB" if is_mariadb else "MySQL"
    numbers = tuple(number for number in told if isinstance(number, int))
    text = f"{name} {'.'.join(map(str, numbers))}"
    oldest = _OLDEST[name]
    if numbers < oldest:
        return Finding("server", text, "problem", f"use {name} {'.'.join(map(str, oldest))} or newer")
    return Finding("server", text)


def _tables(engine: Engine, prefix: str, schema: str | None) -> Finding:
    found = Counter(difference.severity for difference in check_schema(engine, prefix=prefix, schema=schema))
    if not found["broken"] + found["lacking"]:
        return Finding("tables", "as Kavach needs them")
    text = f"{found['broken']} differences break Kavach, {found['lacking']} slow it down or make it less exact"
    advice = "kavach schema check URL names them, and kavach schema upgrade URL adds what is missing"
    return Finding("tables", text, "problem" if found["broken"] else "advice", advice)


def _sqlite(connection: Connection) -> Iterator[Finding]:
    journal = _ask(connection, "PRAGMA journal_mode")
    if journal == "wal":
        yield Finding("journal", "WAL: readers do not wait for the writer")
    elif journal == "memory":
        yield Finding("journal", "none: the database is in memory, and ends with its process")
    else:
        advice = "Kavach switches the file to WAL when it opens it by URL; on an engine of yours, do it yourself"
        yield Finding("journal", f"{journal}: a writer and readers wait for each other", "advice", advice)
    damage = _ask(connection, "PRAGMA quick_check(1)")
    if damage == "ok":
        yield Finding("file", "quick_check finds no damage")
    else:
        yield Finding("file", "quick_check finds damage", "problem", "restore a backup, or try the .recover of sqlite3")
    tied = int(_ask(connection, "SELECT count(*) FROM sqlite_master WHERE sql LIKE '%REFERENCES kavach_users%'"))
    if tied:
        advice = (
            "connections of Kavach's own do not enforce them; on an engine of yours leave PRAGMA foreign_keys off, or "
            "keep each owner in kavach_users"
        )
        yield Finding("references", f"{tied} tables refer to kavach_users, as KavachOS makes them", "advice", advice)


def _postgresql(connection: Connection) -> Iterator[Finding]:
    encoding = _ask(connection, "SHOW server_encoding")
    if encoding == "UTF8":
        yield Finding("encoding", "UTF8: any text")
    else:
        yield Finding("encoding", encoding, "problem", "create the database with ENCODING 'UTF8'")
    yield _isolation(_ask(connection, "SHOW default_transaction_isolation").replace(" ", "-"))
    durable = _ask(connection, "SHOW synchronous_commit"), _ask(connection, "SHOW fsync")
    if durable[0] != "off" and durable[1] == "on":
        yield Finding("durability", "a commit survives a crash of the server")
    else:
        text = f"synchronous_commit = {durable[0]}, fsync = {durable[1]}: the last commits may be lost in a crash"
        yield Finding("durability", text, "advice", "an audit row that is lost cannot be made again: set both to on")


def _mysql(connection: Connection) -> Iterator[Finding]:
    modes = _ask(connection, "SELECT @@GLOBAL.sql_mode")
    if "STRICT_ALL_TABLES" in modes or "STRICT_TRANS_TABLES" in modes:
        yield Finding("mode", "strict: a value that does not fit is refused")
    else:
        advice = "Kavach's own connections are strict; add STRICT_ALL_TABLES to sql_mode for those that it joins"
        yield Finding("mode", "not strict: values that do not fit are cut", "advice", advice)
    mariadb = getattr(connection.dialect, "is_mariadb", False)
    charset, collation = _ask(connection, "SELECT CONCAT(@@character_set_database, ' ', @@collation_database)").split()
    if charset == "utf8mb4":
        ours = MYSQL_COLLATIONS["mariadb" if mariadb else "mysql"]
        yield Finding("collation", f"{collation} is the default; Kavach's tables have {ours}")
    else:
        advice = "Kavach's tables are utf8mb4 whatever the default is; make it so for yours, to join them exactly"
        yield Finding("collation", f"{charset}, {collation} are the defaults", "advice", advice)
    where = "information_schema" if mariadb else "performance_schema"
    yield _isolation(_ask(connection, _MYSQL_ISOLATION.format(where)))
    flush = _ask(connection, "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit")
    if int(flush) == 1:
        yield Finding("durability", "a commit survives a crash of the server")
    else:
        text = f"innodb_flush_log_at_trx_commit = {flush}: the last commits may be lost in a crash"
        yield Finding("durability", text, "advice", "an audit row that is lost cannot be made again: set it to 1")


_SETTINGS: Final[dict[str, Callable[[Connection], Iterator[Finding]]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}


def _isolation(level: str) -> Finding:
    level = level.upper()
    if level == "READ-COMMITTED":
        return Finding("isolation", f"{level}: a transaction sees what was committed when it reads")
    if level == "SERIALIZABLE":
        return Finding("isolation", level, "advice", "expect TransactionAborted, and run such transactions again")
    advice = "transactions that Kavach joins see what was true when they began; use READ COMMITTED in long ones"
    return Finding("isolation", level, "advice", advice)


def _clock(connection: Connection) -> Iterator[Finding]:
    query = _CLOCKS.get("mysql" if connection.dialect.name == "mariadb" else connection.dialect.name)
    if query is None:
        return
    sent = time.time()
    there, back = float(_ask(connection, query)), time.time()
    apart = max(sent - there, there - back, 0.0)
    if apart < _WRONG_CLOCK:
        yield Finding("clock", "this machine's and the server's agree")
    else:
        advice = "Kavach goes by this machine's clock: synchronize all that use the database, with NTP"
        yield Finding("clock", f"this machine's and the server's are {apart:.0f} s apart", "advice", advice)


def _round_trip(connection: Connection) -> Finding:
    taken = _median(lambda: _ask(connection, "SELECT 1"))
    text = f"{_milliseconds(taken)} for a question and its answer"
    if taken < _FAR_AWAY:
        return Finding("round trip", text)
    return Finding("round trip", text, "advice", "authorize() takes several: run it nearer to the database")


def _commit(engine: Engine, prefix: str, schema: str | None, tables: Finding) -> Finding:
    """Write rows of a table that nothing refers to, each in a transaction of its own, and delete them."""
    if tables.verdict == "problem":
        return Finding("commit", "not measured: the tables come first")
    storage = create_sqlalchemy_adapter(engine, skip_migrations=True, prefix=prefix, schema=schema)
    now, mark = datetime.now(UTC), f"kavach-doctor-{uuid4()}"

    def write() -> None:
        storage.create_email_otp(id=str(uuid4()), email=mark, code_hash=mark, expires_at=now, created_at=now)

    try:
        taken = _median(write)
    except StorageError as error:
        return Finding("commit", f"a row cannot be written: {error}", "problem", "check the rights of the user")
    finally:
        storage.delete_email_otps_by_email(mark)
    text = f"{_milliseconds(taken)} for a row and its commit"
    if taken < _SLOW_COMMIT:
        return Finding("commit", text)
    return Finding("commit", text, "advice", "each decision commits its audit row: use a faster disk, or one nearer")


def _ask(connection: Connection, sql: str) -> str:
    value = connection.exec_driver_sql(sql).scalar_one()
    return value.decode() if isinstance(value, bytes) else str(value)


def _median(work: Callable[[], object]) -> float:
    work()
    return median(_seconds(work) for _ in range(_TIMES))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2g} ms"
