"""The audit trail: pages that neither skip nor repeat, and exports that other programs read."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.support import START, Clock, Host, make_agent
from kavach_core import InvalidInput

pytestmark = pytest.mark.one_database


async def write(host: Host, count: int, **values: Any) -> list[str]:
    """Write audit rows of which three share each second, and return their ids, oldest first."""
    row = {
        "agent_id": "a",
        "user_id": "u",
        "action": "read",
        "resource": "r",
        "result": "allowed",
        "duration_ms": 1,
    }
    ids = [f"{number:06}" for number in range(count)]
    async with host.storage.transaction() as storage:
        for number, id in enumerate(ids):
            await storage.create_audit_log(
                **{**row, "id": id, "timestamp": host.clock.later(seconds=number // 3), **values}
            )
    return ids


async def bulk(host: Host, count: int, *, first: int = 0) -> None:
    """Write many audit rows with one statement."""
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    number = " + ".join(f"t{power}.d * {10**power}" for power in range(5))
    tables = ", ".join(f"({digits}) AS t{power}" for power in range(5))
    await host.sql(
        "INSERT INTO kavach_audit_logs (id, agent_id, user_id, action, resource, result, duration_ms, timestamp)"
        f" SELECT CAST(1000000 + n AS CHAR(7)), 'a', 'u', 'read', '{'r' * 100}', 'allowed', 1,"
        f" {int(START.timestamp())} + n / 3"
        f" FROM (SELECT {number} AS n FROM {tables}) AS numbers WHERE n >= {first} AND n < {first + count}"
    )


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.every_database
async def test_rows_come_newest_first_in_pages_that_neither_skip_nor_repeat(host: Host, kavach: Any) -> None:
    ids = await write(host, 10)
    found: list[str] = []
    after = None
    while page := await kavach.audit.query(limit=3, after=after):
        found += [row.id for row in page]
        after = page[-1]
    assert found == ids[::-1]
    assert [row.id for row in await kavach.audit.query(limit=4, offset=3)] == ids[::-1][3:7]


@pytest.mark.every_database
async def test_every_filter_applies(host: Host, kavach: Any, clock: Clock) -> None:
    for number, (agent, user, action, result) in enumerate(
        [("a", "u", "read", "allowed"), ("a", "v", "write", "denied"), ("b", "u", "delete", "denied")]
    ):
        await host.storage.create_audit_log(
            id=str(number),
            agent_id=agent,
            user_id=user,
            action=action,
            resource="r",
            result=result,
            duration_ms=1,
            timestamp=clock.later(hours=number),
        )

    async def found(**filters: Any) -> list[str]:
        return [row.id for row in await kavach.audit.query(**filters)]

    assert await found() == ["2", "1", "0"]
    assert await found(agent_id="a") == ["1", "0"]
    assert await found(user_id="u") == ["2", "0"]
    assert await found(result="denied") == ["2", "1"]
    assert await found(actions=["read", "delete"]) == ["2", "0"]
    assert await found(since=clock.later(hours=1)) == ["2", "1"]
    assert await found(until=clock.later(hours=1)) == ["0"]
    assert await found(agent_id="a", user_id="v", result="denied", actions=["write"]) == ["1"]
    assert await found(agent_id="A") == []
    assert await found(actions=["READ"]) == []


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"limit": 0}, "limit: must be an integer from 1 to 1000"),
        ({"limit": 1001}, "limit: must be an integer from 1 to 1000"),
        ({"limit": None}, "limit: must be an integer from 1 to 1000"),
        ({"limit": True}, "limit: must be an integer from 1 to 1000"),
        ({"limit": "10"}, "limit: must be an integer from 1 to 1000"),
        ({"offset": -1}, "offset must be an integer of 0 or more"),
        ({"actions": []}, "kavach_audit_logs: actions is empty"),
        ({"since": datetime(2030, 1, 1)}, "kavach_audit_logs.timestamp: a naive datetime"),
        ({"agent_id": "a\0"}, "kavach_audit_logs.agent_id: text must not contain NUL"),
    ],
)
async def test_a4_a_malformed_query_is_refused(kavach: Any, filters: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await kavach.audit.query(**filters)
    assert str(caught.value).startswith(message)


async def test_a4_a_page_has_a_default_and_a_greatest_length(host: Host, kavach: Any) -> None:
    await write(host, 1003)
    assert len(await kavach.audit.query()) == 100
    assert len(await kavach.audit.query(limit=1000)) == 1000
    assert len(await kavach.audit.query(offset=1000)) == 3


async def test_a3_the_filter_on_actions_comes_before_the_limit(host: Host, kavach: Any) -> None:
    await host.storage.create_audit_log(
        id="wanted",
        agent_id="a",
        user_id="u",
        action="delete",
        resource="r",
        result="denied",
        duration_ms=1,
        timestamp=START,
    )
    await write(host, 120)
    assert [row.id for row in await kavach.audit.query(actions=["delete"], limit=50)] == ["wanted"]


NASTY = [
    'said "no"',
    "a,b;c",
    "two\nlines",
    "two\r\nlines",
    " spaces ",
    "'quoted'",
    "ünï 🙂",
    '"',
]
FORMULAS = ['=HYPERLINK("http://evil","x")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1"]


async def test_a1_a_csv_export_gives_back_every_cell(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, {"resource": "*", "actions": ["*"]})
    for text in NASTY:
        await kavach.authorize(agent.id, action=text, resource=text, arguments={"text": text}, user_agent=text)
    exported = await kavach.audit.export(format="csv")
    header, *rows = read_csv(exported)
    assert len(rows) == len(NASTY)
    assert {len(row) for row in rows} == {len(header)}
    for text, cells in zip(NASTY, rows, strict=True):
        row = dict(zip(header, cells, strict=True))
        assert (row["action"], row["resource"], row["user_agent"]) == (text, text, text)
        assert json.loads(row["parameters"]) == {"text": text}
        assert datetime.fromisoformat(row["timestamp"]) == START
        assert (row["result"], row["code"], row["reason"]) == ("allowed", "", "")
    assert exported.count("\r\n") >= len(NASTY) + 1
    assert exported.endswith("\r\n")


async def test_a1_a_cell_that_a_spreadsheet_would_run_is_disarmed(host: Host, kavach: Any) -> None:
    for text in FORMULAS:
        await kavach.authorize(text, action=text, resource=text, user_agent=text, ip=text)
    header, *rows = read_csv(await kavach.audit.export(format="csv"))
    for text, cells in zip(FORMULAS, rows, strict=True):
        row = dict(zip(header, cells, strict=True))
        assert {row[name] for name in ("agent_id", "action", "resource", "user_agent", "ip")} == {f"'{text}"}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


async def test_a2_an_export_is_the_whole_trail_oldest_first(host: Host, kavach: Any) -> None:
    ids = await write(host, 2003)
    header, *rows = read_csv(await kavach.audit.export(format="csv"))
    assert [row[header.index("id")] for row in rows] == ids
    assert [row["id"] for row in json.loads(await kavach.audit.export(format="json"))] == ids


async def test_a2_an_export_takes_filters(host: Host, kavach: Any, clock: Clock) -> None:
    ids = await write(host, 6)
    for id, values in {"x": {"agent_id": "b"}, "y": {"user_id": "v"}, "z": {"result": "denied"}}.items():
        row = {"agent_id": "a", "user_id": "u", "result": "allowed", **values}
        await host.storage.create_audit_log(
            id=id, action="read", resource="r", duration_ms=1, timestamp=clock.later(hours=1), **row
        )

    async def found(**filters: Any) -> list[str]:
        return [row["id"] for row in json.loads(await kavach.audit.export(**filters))]

    assert await found() == [*ids, "x", "y", "z"]
    assert await found(agent_id="b") == ["x"]
    assert await found(user_id="v") == ["y"]
    assert await found(result="denied") == ["z"]
    assert await found(since=clock.later(seconds=1), until=clock.later(hours=1)) == ids[3:]


async def test_a_json_export_gives_back_every_value(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, {"resource": "*", "actions": ["*"]})
    arguments = {"deep": [{"n": 1.5, "big": 2**60, "none": None}], "text": '"\n\\ ☂'}
    result = await kavach.authorize(agent.id, action="read", resource="=1", arguments=arguments)
    (row,) = json.loads(await kavach.audit.export(format="json"))
    assert (row["id"], row["parameters"], row["resource"]) == (result.audit_id, arguments, "=1")
    assert datetime.fromisoformat(row["timestamp"]) == START


async def test_an_export_of_nothing_is_well_formed(kavach: Any) -> None:
    (header,) = read_csv(await kavach.audit.export(format="csv"))
    assert header[:2] == ["id", "agent_id"]
    assert json.loads(await kavach.audit.export(format="json")) == []


@pytest.mark.parametrize("format", ["xml", "CSV", "", None])
async def test_another_format_is_refused(kavach: Any, format: Any) -> None:
    with pytest.raises(InvalidInput, match=r'^format: use "csv", "json" or "jsonl"$'):
        await kavach.audit.export(format=format)


async def test_json_lines_say_the_same_as_json(host: Host, kavach: Any) -> None:
    await kavach.authorize("nobody", action="two\nlines", resource="\u2028", arguments={"a": [1, "\n"]})
    await write(host, 3)
    lines = (await kavach.audit.export(format="jsonl")).splitlines(keepends=True)
    assert "".join(lines).count("\n") == 4
    text = await kavach.audit.export(format="jsonl")
    assert [json.loads(line) for line in text.split("\n")[:-1]] == json.loads(await kavach.audit.export(format="json"))
    assert await kavach.audit.export(format="jsonl", agent_id="none") == ""


@pytest.mark.every_database
async def test_an_export_is_written_to_a_file_and_tells_how_far_it_is(host: Host, kavach: Any, tmp_path: Path) -> None:
    await bulk(host, 2003)
    for format in ("csv", "json", "jsonl"):
        told: list[int] = []
        with (tmp_path / format).open("w", encoding="utf-8", newline="") as file:
            written = await kavach.audit.export_to(file, format=format, progress=told.append)
        assert written == await kavach.audit.count() == 2003
        assert told == [1000, 2000, 2003]
        with (tmp_path / format).open(encoding="utf-8", newline="") as file:
            assert file.read() == await kavach.audit.export(format=format)
        told.clear()
        assert await kavach.audit.export_to(io.StringIO(), format=format, progress=told.append, agent_id="none") == 0
        assert told == [0]


class Discarding:
    """A file that keeps nothing but the number of characters."""

    size = 0

    def write(self, text: str) -> None:
        self.size += len(text)


@pytest.mark.parametrize("format", ["csv", "json", "jsonl"])
async def test_a2_an_export_of_any_size_takes_constant_memory(host: Host, kavach: Any, format: str) -> None:
    """Six times the rows take no more memory: what grows is the text, which is six times as long."""
    peaks, sizes = [], []
    for first, last in ((0, 2_500), (2_500, 15_000)):
        await bulk(host, last - first, first=first)
        file = Discarding()
        tracemalloc.start()
        try:
            assert await kavach.audit.export_to(file, format=format) == await kavach.audit.count()
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        sizes.append(file.size)
    assert sizes[1] > 5.9 * sizes[0]
    assert peaks[1] < 1.2 * peaks[0]


async def test_an_error_of_the_file_is_passed_on(host: Host, kavach: Any) -> None:
    class Full:
        def write(self, text: str) -> None:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        await kavach.audit.export_to(Full())
