"""The audit trail sent elsewhere: each row at least once, whatever ends where."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.support import Host
from engine.test_engine_sealing import record
from engine.test_engine_webhook import SECRET, receiving
from kavach_core import DeliveryError, InvalidInput, create_async_audit_webhook, create_audit_webhook, verify_webhook

pytestmark = pytest.mark.one_database


class Receiver:
    """What is sent to, in either colour: it keeps the ids, and fails when it is told to."""

    def __init__(self, host: Host) -> None:
        self.asyncio = host.opened.colour == "asyncio"
        self.batches: list[str] = []
        self.failing = False

    def __call__(self, rows: Any) -> Any:
        self.batches.append("".join(row.id for row in rows))
        if self.failing:
            raise RuntimeError("no answer")
        return self._done() if self.asyncio else None

    async def _done(self) -> None:
        pass


@pytest.mark.every_database
async def test_rows_are_sent_once_they_have_settled_and_a_restart_goes_on(host: Host, kavach: Any) -> None:
    send = Receiver(host)
    assert await kavach.audit.stream("siem", send=send) == 0
    await record(host, *"abcde")
    assert await kavach.audit.stream("siem", send=send) == 0
    host.clock.pass_time(seconds=61)
    assert await kavach.audit.stream("siem", send=send, batch=2) == 5
    assert send.batches == ["ab", "cd", "e"]
    # In the second of the last row, and behind it.
    await record(host, "f", timestamp=host.clock.later(seconds=-61))
    await record(host, "g")
    host.clock.pass_time(seconds=61)
    again = await host.kavach()
    assert await again.audit.stream("siem", send=send) == 2
    assert await again.audit.stream("siem", send=send) == 0
    assert send.batches[3:] == ["fg"]
    assert await again.audit.stream("other", send=send) == 7


@pytest.mark.every_database
async def test_what_did_not_arrive_is_sent_again(host: Host, kavach: Any) -> None:
    await record(host, *"abc")
    host.clock.pass_time(minutes=2)
    send = Receiver(host)
    send.failing = True
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no answer"):
            await kavach.audit.stream("siem", send=send, batch=2)
    send.failing = False
    assert await kavach.audit.stream("siem", send=send, batch=2) == 3
    assert send.batches == ["ab", "ab", "ab", "c"]


async def test_what_arrived_before_a_failure_is_not_sent_again(host: Host, kavach: Any) -> None:
    await record(host, *"abc")
    host.clock.pass_time(minutes=2)
    with receiving(204, 500) as receiver:
        webhook = make_webhook(host, receiver.url, tries=1)
        with pytest.raises(DeliveryError, match=r"^the webhook failed 1 times; the rows are still to be delivered$"):
            await kavach.audit.stream("siem", send=webhook, batch=2)
        receiver.answers = [204]
        assert await kavach.audit.stream("siem", send=webhook, batch=2) == 1
    assert [ids_of(body) for _, body in receiver.received] == ["ab", "c", "c"]
    first, second, third = (
        {k.lower(): v for k, v in headers.items()}["webhook-id"] for headers, _ in receiver.received
    )
    assert first != second == third


async def test_a_webhook_is_signed_and_says_what_the_rows_say(host: Host, kavach: Any) -> None:
    await kavach.authorize("nobody", action="read", resource="\u00fc\n", arguments={"password": "x", "a": 1})
    host.clock.pass_time(minutes=2)
    with receiving(500, 204) as receiver:
        assert await kavach.audit.stream("siem", send=make_webhook(host, receiver.url)) == 1
    assert len(receiver.received) == 2
    for headers, body in receiver.received:
        verify_webhook(SECRET, headers=headers, body=body, now=datetime.now(UTC))
        sent = json.loads(body)
        assert sent["type"] == "audit.recorded"
        assert sent["data"] == json.loads(await kavach.audit.export(format="json"))


def make_webhook(host: Host, url: str, **values: Any) -> Any:
    make: Any = create_async_audit_webhook if host.opened.colour == "asyncio" else create_audit_webhook
    return make(url=url, secret=SECRET, pause=0.01, **values)


def ids_of(body: bytes) -> str:
    return "".join(row["id"] for row in json.loads(body)["data"])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.parametrize("values", [{"batch": 0}, {"batch": 1001}, {"batch": True}, {"name": "a\0"}, {"name": 7}])
async def test_a_malformed_stream_is_refused(host: Host, kavach: Any, values: dict[str, Any]) -> None:
    given = {"name": "siem", **values}
    with pytest.raises(InvalidInput):
        await kavach.audit.stream(given.pop("name"), send=Receiver(host), **given)
