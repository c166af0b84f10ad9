"""The webhook of approvals (AP3): signed, tried again, and never in the way of the request."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from engine.support import CANARY, Host, make_agent
from kavach_core import (
    ConfigurationError,
    InvalidInput,
    create_approval_webhook,
    create_async_approval_webhook,
    create_async_event_webhook,
    create_event_webhook,
    verify_webhook,
)
from kavach_core.engine.signing import read_secret, sign_webhook

pytestmark = pytest.mark.one_database

# The example of the specification's reference implementations.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SENT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}

DEPLOY = {"resource": "deploy:*", "actions": ["execute"], "constraints": {"requireApproval": True}}
CALL: dict[str, Any] = {"action": "execute", "resource": "deploy:production", "arguments": {"tag": "v1"}}


def test_ap3_a_signature_is_that_of_the_specification() -> None:
    assert sign_webhook(read_secret(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", BODY, SENT) == HEADERS
    verify_webhook(SECRET, headers=HEADERS, body=BODY, now=SENT)
    upper = {name.title(): value for name, value in HEADERS.items()}
    verify_webhook(SECRET, headers=upper, body=BODY, now=SENT + timedelta(minutes=5))
    rotated = {**HEADERS, "webhook-signature": f"v1,AAAA {HEADERS['webhook-signature']}"}
    verify_webhook(SECRET, headers=rotated, body=BODY, now=SENT - timedelta(minutes=5))


@pytest.mark.parametrize(
    ("headers", "body", "now"),
    [
        ({}, BODY + b" ", SENT),
        ({"webhook-id": "msg_other"}, BODY, SENT),
        ({"webhook-timestamp": "1614265331"}, BODY, SENT),
        ({"webhook-timestamp": ""}, BODY, SENT),
        ({"webhook-timestamp": "now"}, BODY, SENT),
        ({"webhook-timestamp": "9" * 5000}, BODY, SENT),
        ({"webhook-signature": ""}, BODY, SENT),
        ({"webhook-signature": HEADERS["webhook-signature"].removeprefix("v1,")}, BODY, SENT),
        ({"webhook-signature": "v1,\u00e9"}, BODY, SENT),
        ({}, BODY, SENT + timedelta(minutes=5, seconds=1)),
        ({}, BODY, SENT - timedelta(minutes=5, seconds=1)),
    ],
)
def test_ap3_what_was_changed_or_is_old_is_refused(headers: dict[str, str], body: bytes, now: datetime) -> None:
    with pytest.raises(InvalidInput, match=r"^the (webhook|signature) .*reject it$"):
        verify_webhook(SECRET, headers={**HEADERS, **headers}, body=body, now=now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], "whsec_!", "whsec_" + "\u00e9" * 40])
def test_a_weak_or_malformed_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^the secret of a webhook is") as caught:
        create_approval_webhook(url="https://example.com", secret=secret)
    assert len(secret) < 7 or secret not in str(caught.value)


@pytest.mark.parametrize("values", [{"url": "example.com"}, {"url": "file:///etc/passwd"}, {"tries": 0}])
def test_malformed_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        create_async_approval_webhook(**{"url": "https://example.com", "secret": SECRET, **values})


@dataclass
class Receiver:
    """A server that answers with one status after another, the last one for ever, and keeps what it is sent."""

    answers: list[int]
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving(*answers: int) -> Iterator[Receiver]:
    receiver = Receiver(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.received.append((dict(self.headers), body))
            status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            self.send_response(status)
            self.send_header("location", receiver.url)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


async def kavach_with(host: Host, url: str, **values: Any) -> Any:
    make: Any = create_async_approval_webhook if host.opened.colour == "asyncio" else create_approval_webhook
    return await host.kavach(on_approval_request=make(url=url, secret=SECRET, pause=0.01, **values))


async def test_ap3_a_new_request_is_sent_once_and_signed(host: Host) -> None:
    with receiving(204) as receiver:
        kavach = await kavach_with(host, receiver.url)
        agent = await make_agent(kavach, DEPLOY)
        denied = await kavach.authorize(agent.id, **CALL)
        await kavach.authorize(agent.id, **CALL)
    ((headers, body),) = receiver.received
    verify_webhook(SECRET, headers=headers, body=body, now=datetime.now(UTC))
    sent = json.loads(body)
    assert sent["type"] == "approval.requested"
    (pending,) = await kavach.approval.list_pending()
    assert sent["data"] == json.loads(pending.model_dump_json())
    assert pending.id == denied.approval_id == {name.lower(): value for name, value in headers.items()}["webhook-id"]


@pytest.mark.usefixtures("certificates_were_read")
async def test_a_delivery_reads_no_certificates(host: Host) -> None:
    with receiving(200) as receiver:
        kavach = await kavach_with(host, receiver.url)
        agent = await make_agent(kavach, DEPLOY)
        await kavach.authorize(agent.id, **CALL)
    assert len(receiver.received) == 1


async def test_ap3_a_webhook_is_tried_again_until_it_is_accepted(host: Host) -> None:
    with receiving(500, 429, 200) as receiver:
        kavach = await kavach_with(host, receiver.url)
        agent = await make_agent(kavach, DEPLOY)
        request = await kavach.approval.request(agent.id, **CALL)
    assert len(receiver.received) == 3
    for headers, body in receiver.received:
        verify_webhook(SECRET, headers=headers, body=body, now=datetime.now(UTC))
        assert json.loads(body)["data"]["id"] == request.id


@pytest.mark.parametrize("status", [500, 302])
async def test_ap3_a_webhook_that_fails_loses_no_request(
    host: Host, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    with receiving(status) as receiver, caplog.at_level(logging.INFO):
        kavach = await kavach_with(host, receiver.url, tries=2)
        agent = await make_agent(kavach, DEPLOY)
        denied = await kavach.authorize(agent.id, **CALL)
    assert len(receiver.received) == 2
    assert "the webhook failed 2 times; the request is stored" in caplog.text
    assert SECRET not in caplog.text
    assert [request.id for request in await kavach.approval.list_pending()] == [denied.approval_id]


async def test_ap3_a_receiver_that_is_not_there_loses_no_request(host: Host) -> None:
    with receiving(200) as receiver:
        pass
    kavach = await kavach_with(host, receiver.url, tries=2)
    agent = await make_agent(kavach, DEPLOY)
    denied = await kavach.authorize(agent.id, **CALL)
    await kavach.approval.approve(denied.approval_id, by="grace")
    assert (await kavach.authorize(agent.id, **CALL)).allowed


async def test_w1_events_are_posted_signed_and_without_secrets(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    make: Any = create_async_event_webhook if host.opened.colour == "asyncio" else create_event_webhook
    with receiving(200, 200, 200, 500) as receiver:
        kavach = await host.kavach(hooks=make(url=receiver.url, secret=SECRET, tries=1))
        agent = await make_agent(kavach, DEPLOY)
        denied = await kavach.authorize(agent.id, action="x", resource="y", arguments={"password": CANARY})
        await kavach.agent.revoke(agent.id)
        assert (await kavach.authorize_by_token(agent.token, action="x", resource="y")).code == "agent_revoked"
    for headers, body in receiver.received:
        verify_webhook(SECRET, headers=headers, body=body, now=datetime.now(UTC))
        assert agent.token.encode() not in body
        assert CANARY.encode() not in body
    created, violation, revoked, _ = [json.loads(body) for _, body in receiver.received]
    assert [event["type"] for event in (created, violation, revoked)] == ["agent.created", "violation", "agent.revoked"]
    assert created["data"]["id"] == revoked["data"]["id"] == violation["data"]["call"]["agent_id"] == agent.id
    assert violation["data"]["result"]["audit_id"] == denied.audit_id
    assert "violation failed with DeliveryError" in caplog.text
