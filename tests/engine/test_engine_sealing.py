"""The audit trail as evidence (A5): what was changed, removed, added or cut is found and named."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from engine.support import READ_ISSUES, START, Clock, Host, ask, make_agent
from kavach_core import AuditError, AuditHead, InvalidInput
from kavach_core.engine.sealing import Leaf, merkle_root, new_seal, seal_hash
from kavach_schema.inputs import AuditSealInput

pytestmark = pytest.mark.one_database


async def record(host: Host, *ids: str, **values: Any) -> None:
    """Write audit rows a second apart."""
    async with host.storage.transaction() as storage:
        for id in ids:
            row = {"agent_id": "a", "user_id": "u", "action": "read", "resource": "r", "result": "allowed"}
            parameters = {"id": id, "float": 1.5, "big": 1e17, "text": "\u00fc"}
            host.clock.pass_time(seconds=1)
            await storage.create_audit_log(
                **{**row, "id": id, "parameters": parameters, "duration_ms": 1, "timestamp": host.clock.now, **values}
            )


async def settled(host: Host) -> None:
    host.clock.pass_time(minutes=2)


async def sealed(host: Host, kavach: Any, *batches: str) -> list[AuditHead]:
    """Write batches of rows with ids of one letter, seal each, and return the heads."""
    heads = []
    for batch in batches:
        await record(host, *batch)
        await settled(host)
        heads.append(await kavach.audit.seal())
    return heads


async def problem(kavach: Any, *heads: AuditHead) -> str | None:
    report = await kavach.audit.verify(heads=heads)
    assert report.ok is (report.problem is None)
    return None if report.problem is None else str(report.problem)


def test_a5_the_root_is_that_of_rfc_9162() -> None:
    """The example of section 2.1.5 has seven leaves: its tree is written out here by hand."""

    def leaf(text: str) -> bytes:
        return hashlib.sha256(b"\x00" + text.encode()).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    a, b, c, d, e, f, j = (leaf(text) for text in "abcdefj")
    expected = node(node(node(a, b), node(c, d)), node(node(e, f), j))
    assert merkle_root(list("abcdefj")) == expected.hex()
    assert merkle_root(["a"]) == a.hex()
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


@pytest.mark.every_database
async def test_a5_a_trail_that_is_as_it_was_sealed_is_good(host: Host, kavach: Any) -> None:
    assert await kavach.audit.seal() is await kavach.audit.head() is None
    assert (await kavach.audit.verify()).model_dump() == {
        "problem": None,
        "verified": 0,
        "removed": 0,
        "unsealed": 0,
        "head": None,
    }
    agent = await make_agent(kavach, READ_ISSUES)
    arguments = {"deep": [{"n": 1.5, "big": 1e17, "none": None}], "text": '"\n\\ \u2602', "password": "x"}
    await kavach.authorize(agent.id, action="read", resource="mcp:github:issues", arguments=arguments, tokens_cost=3)
    await settled(host)
    first = await kavach.audit.seal()
    heads = [first, *await sealed(host, kavach, "ab", "c")]
    assert [head.number for head in heads] == [1, 2, 3]
    await record(host, "d", "e")
    told: list[int] = []
    report = await kavach.audit.verify(heads=heads, progress=told.append)
    assert (report.problem, report.verified, report.unsealed, report.head) == (None, 4, 2, heads[-1])
    assert told == [6]
    assert await kavach.audit.head() == heads[-1]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE kavach_audit_logs SET result = 'denied' WHERE id = 'b'", "row b of seal 1 was changed"),
        ("UPDATE kavach_audit_logs SET reason = '' WHERE id >= 'd'", "row d of seal 2 was changed"),
        ("UPDATE kavach_audit_logs SET timestamp = timestamp + 200 WHERE id = 'b'", "row b of seal 1 is missing"),
        ("UPDATE kavach_audit_logs SET timestamp = timestamp - 200 WHERE id = 'd'", "row d of seal 1 was added"),
        ("UPDATE kavach_audit_logs SET id = 'x' WHERE id = 'b'", "row b of seal 1 is missing"),
        ("DELETE FROM kavach_audit_logs WHERE id = 'a'", "row a of seal 1 is missing"),
        ("DELETE FROM kavach_audit_logs WHERE id = 'e'", "row e of seal 2 is missing"),
        ("DELETE FROM kavach_audit_logs", "row a of seal 1 is missing"),
        ("UPDATE kavach_audit_seals SET row_count = 9 WHERE number = 1", "seal 1 was changed"),
        ("UPDATE kavach_audit_seals SET removed_before = 9999999999", "seal 1 was changed"),
        ("UPDATE kavach_audit_seals SET number = 7 WHERE number = 1", "seal 1 is missing"),
        ("DELETE FROM kavach_audit_seals WHERE number = 1", "seal 1 is missing"),
    ],
)
async def test_a5_the_first_thing_that_differs_is_named(host: Host, kavach: Any, statement: str, expected: str) -> None:
    await sealed(host, kavach, "abc", "de")
    assert await problem(kavach) is None
    await host.sql(statement)
    assert await problem(kavach) == expected


@pytest.mark.parametrize(
    ("seconds", "id", "expected"),
    [
        (-500, "x", "row x of seal 1 was added"),
        (2, "aa", "row aa of seal 1 was added"),
        (3, "zz", "row zz of seal 2 was added"),
    ],
)
async def test_a5_a_row_that_was_added_is_named(host: Host, kavach: Any, seconds: int, id: str, expected: str) -> None:
    await sealed(host, kavach, "abc", "de")
    await record(host, id, timestamp=START + timedelta(seconds=seconds))
    assert await problem(kavach) == expected


async def test_a5_leaves_that_were_changed_with_their_rows_are_found(host: Host, kavach: Any) -> None:
    await sealed(host, kavach, "abc", "de")
    await host.sql("UPDATE kavach_audit_logs SET result = 'denied' WHERE id = 'b'")
    seal = await host.storage.find_audit_seal(f"{1:018}")
    rows = [row for row in await host.audit_rows() if row.id in "abc"]
    leaves = [str(Leaf.of(row)) for row in rows]
    assert leaves != seal.leaves
    await rewrite(host, {**dict(seal), "leaves": leaves})
    assert await problem(kavach) == "seal 1 was changed"
    await rewrite(host, {**dict(seal), "leaves": leaves, "root": merkle_root(leaves)})
    assert await problem(kavach) == "seal 1 was changed"
    forged = {**dict(seal), "leaves": leaves, "root": merkle_root(leaves)}
    await rewrite(host, {**forged, "hash": seal_hash(forged)})
    assert await problem(kavach) == "seal 2 was changed"


@pytest.mark.parametrize("leaves", [["x"], ["x y z"], [1, 2, 3], {"a": 1}, ["99999999999999999999 a b"]])
async def test_a5_a_seal_that_says_nonsense_is_a_changed_one(host: Host, kavach: Any, leaves: Any) -> None:
    await sealed(host, kavach, "abc")
    (seal,) = await host.storage.list_audit_seals()
    root = merkle_root(leaves) if all(isinstance(leaf, str) for leaf in leaves) else ""
    forged = {**dict(seal), "leaves": leaves, "row_count": len(leaves), "root": root}
    await rewrite(host, {**forged, "hash": seal_hash(forged)})
    assert await problem(kavach) == "seal 1 was changed"


async def rewrite(host: Host, values: Any) -> None:
    await host.sql("DELETE FROM kavach_audit_seals WHERE id = :id", id=values["id"])
    await host.storage.create_audit_seal(**values)


async def seal_anew(host: Host) -> None:
    """Do what only an attacker does: remove all seals, and seal what is there now, at the times of the old ones."""
    rows = {row.id: row for row in await host.audit_rows()}
    before: Any = None
    made: list[AuditSealInput] = []
    for seal in await host.storage.list_audit_seals():
        ids = [Leaf.read(leaf).id for leaf in seal.leaves]
        made.append(new_seal(before, [rows[id] for id in ids if id in rows], seal.sealed_at, None))
        before = seal.replace(**made[-1])
    await host.sql("DELETE FROM kavach_audit_seals")
    for values in made:
        await host.storage.create_audit_seal(**values)


@pytest.mark.every_database
async def test_a5_a_recomputed_chain_is_found_by_a_head(host: Host, kavach: Any) -> None:
    heads = await sealed(host, kavach, "abc", "de", "f")
    await host.sql("DELETE FROM kavach_audit_logs WHERE id = 'd'")
    await seal_anew(host)
    assert await problem(kavach) is None
    assert await problem(kavach, heads[0]) is None
    assert await problem(kavach, heads[1]) == "seal 2 was replaced"
    assert await problem(kavach, heads[2]) == "seal 3 was replaced"
    assert await problem(kavach, *heads) == "seal 2 was replaced"


async def test_a5_a_cut_tail_is_found_by_a_head(host: Host, kavach: Any) -> None:
    heads = await sealed(host, kavach, "abc", "de")
    await host.sql("DELETE FROM kavach_audit_seals WHERE number = 2")
    await host.sql("DELETE FROM kavach_audit_logs WHERE id IN ('d', 'e')")
    assert await problem(kavach) is None
    assert await problem(kavach, *heads) == "seal 2 is missing"
    assert await problem(kavach, heads[0]) is None
    await host.sql("DELETE FROM kavach_audit_seals")
    await host.sql("DELETE FROM kavach_audit_logs")
    assert await problem(kavach, heads[0]) == "seal 1 is missing"


async def test_rows_are_sealed_once_they_have_settled(host: Host, kavach: Any, clock: Clock) -> None:
    await record(host, "a", "b")
    assert await kavach.audit.seal() is None
    clock.pass_time(seconds=60)
    assert (await kavach.audit.seal()).number == 1
    assert (await kavach.audit.verify()).verified == 1
    clock.pass_time(seconds=1)
    # Committed late, in the second of a row that is sealed, and before it by its id.
    assert (await kavach.audit.seal()).number == 2
    assert (await kavach.audit.seal()).number == 2
    assert (await kavach.audit.verify()).verified == 2
    quick = await host.kavach(audit={"settle": "1s"})
    await record(host, "c")
    clock.pass_time(seconds=2)
    assert (await kavach.audit.seal()).number == 2
    assert (await quick.audit.seal()).number == 3


async def test_rows_of_one_second_are_sealed_in_the_order_of_their_ids(host: Host, kavach: Any) -> None:
    await record(host, *(f"{number:04}" for number in range(1203)), timestamp=START)
    await settled(host)
    assert (await kavach.audit.seal()).number == 3
    assert [seal.row_count for seal in await host.storage.list_audit_seals()] == [500, 500, 203]
    assert (await kavach.audit.verify()).verified == 1203
    await record(host, "2000", timestamp=START)
    assert (await kavach.audit.seal()).number == 4
    assert (await kavach.audit.verify()).verified == 1204


@pytest.mark.every_database
@pytest.mark.not_in_memory
async def test_of_those_who_seal_at_once_each_seal_is_written_by_one(host: Host, kavach: Any) -> None:
    await record(host, *"abcdef")
    await settled(host)
    heads = await host.opened.together(lambda number: kavach.audit.seal(), 4)
    assert {head.number for head in heads} == {1}
    assert len(set(heads)) == 1
    report = await kavach.audit.verify(heads=heads)
    assert (report.problem, report.verified) == (None, 6)


@pytest.mark.every_database
async def test_a5_retention_seals_what_it_removes(host: Host, kavach: Any, clock: Clock) -> None:
    heads = await sealed(host, kavach, "abc", "de")
    await record(host, "f")
    row = await host.storage.query_audit_logs(actions=["read"])
    before = next(each.timestamp for each in row if each.id == "d")
    await settled(host)
    assert await kavach.audit.cleanup(before=before) == 3
    assert [row.id for row in await host.audit_rows()] == ["d", "e", "f"]
    report = await kavach.audit.verify(heads=heads)
    assert (report.problem, report.removed, report.verified) == (None, 3, 3)
    assert await kavach.audit.cleanup(before=before) == 0
    await host.sql("DELETE FROM kavach_audit_logs WHERE id = 'd'")
    assert await problem(kavach) == "row d of seal 2 is missing"
    with pytest.raises(AuditError, match=r"^row d of seal 2 is missing; nothing is deleted$"):
        await kavach.audit.cleanup(before=clock.later(seconds=-90))
    assert [row.id for row in await host.audit_rows()] == ["e", "f"]


async def test_a5_everything_can_be_removed_and_what_is_put_back_is_found(host: Host, kavach: Any) -> None:
    await sealed(host, kavach, "abc")
    assert await kavach.audit.cleanup(before=host.clock.later(seconds=-60)) == 3
    report = await kavach.audit.verify()
    assert (report.problem, report.removed, report.verified) == (None, 3, 0)
    await record(host, "x", timestamp=START + timedelta(seconds=2))
    assert await problem(kavach) == "row x of seal 1 was added"


async def test_a_cleanup_that_was_stopped_is_finished_by_the_next(host: Host, kavach: Any, clock: Clock) -> None:
    from kavach_core.engine._async.sealing import seal_async_rows
    from kavach_core.engine._sync.sealing import seal_rows

    await sealed(host, kavach, "abc")
    seal: Any = seal_async_rows if host.opened.colour == "asyncio" else seal_rows
    before = clock.later(seconds=-60)
    done = seal(getattr(host.storage, "value", host.storage), before, clock.now, before)
    if host.opened.colour == "asyncio":
        await done
    assert (await kavach.audit.verify()).model_dump(include={"verified", "removed", "problem"}) == {
        "problem": None,
        "verified": 3,
        "removed": 0,
    }
    assert await kavach.audit.cleanup(before=before) == 3


@pytest.mark.parametrize("seconds", [-59, 0, 3600])
async def test_a5_rows_that_have_not_settled_are_not_removed(host: Host, kavach: Any, seconds: int) -> None:
    """The original's `cleanup({retentionDays: -1})` erased the trail."""
    await record(host, "a")
    with pytest.raises(InvalidInput, match=r"^before: younger rows have not settled"):
        await kavach.audit.cleanup(before=host.clock.later(seconds=seconds))
    with pytest.raises(InvalidInput, match=r"^before: a naive datetime"):
        await kavach.audit.cleanup(before=START.replace(tzinfo=None))
    assert [row.id for row in await host.audit_rows()] == ["a"]


async def test_sealing_costs_a_decision_nothing(host: Host, kavach: Any) -> None:
    agent = await make_agent(kavach, READ_ISSUES)
    assert await ask(kavach, agent) is None
    assert "kavach_audit_seals" not in await host.count()


@pytest.mark.parametrize("text", ["", "1", "x " + "0" * 64, "1 " + "0" * 63, "1 " + "G" * 64, "0 " + "0" * 64])
def test_a_malformed_head_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^a head is a number, a space, and 64 hexadecimal digits$"):
        AuditHead.parse(text)


def test_a_head_is_one_line() -> None:
    head = AuditHead(number=12, hash="0a" * 32)
    assert str(head) == "12 " + "0a" * 32
    assert AuditHead.parse(f" {head}\n") == head
