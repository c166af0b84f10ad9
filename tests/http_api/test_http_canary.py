"""Secrets of people run through everything at DEBUG level, and are found nowhere but where they are handed out."""

from __future__ import annotations

import logging
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from http_api.support import open_api
from kavach_core import KavachError
from telemetry import listen

PASSWORD = "c4n4ry-password"
NEW = "c4n4ry-new-password"
WRONG = "c4n4ry-wrong-password"
ADA = {"email": "ada@example.com", "password": PASSWORD}


async def test_no_secret_is_in_any_log_span_metric_error_repr_audit_row_or_table(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    telling = listen()
    file = tmp_path / "kavach.db"
    engine = {"database": {"provider": "sqlite", "url": f"sqlite:///{file}"}}
    async with open_api(engine=engine, max_body=2000) as api:
        kavach = api.kavach

        async def call(method: str, path: str, token: str | None = None, json: object = None, **more: Any) -> Any:
            response = await api.call(method, path, token, **({} if json is None else {"json": json}), **more)
            seen.append(repr(response.headers))
            if not response.is_success:
                seen.append(response.text)
            return response.json() if response.content and "json" in response.headers["content-type"] else None

        up = (await call("POST", "/sign-up/email", json=ADA))["data"]
        first = up["session"]["token"]
        second = (await call("POST", "/sign-in/email", json=ADA))["data"]["session"]["token"]
        key = (await call("POST", "/api-keys", first, json={"name": "ci", "permissions": ["admin"]}))["key"]
        org = await call("POST", "/organizations", first, json={"name": "Acme", "slug": "acme"})
        invited = await call("POST", f"/organizations/{org['id']}/invitations", key, json={"email": "bob@example.com"})
        service = await api.service()
        agent = await call(
            "POST",
            "/agents",
            key,
            json={"ownerId": up["user"]["id"], "name": "n", "type": "service", "permissions": []},
        )
        await call("POST", "/authorize", agent["token"], json={"action": "a", "resource": "b"})
        await call("POST", "/change-password", first, json={"currentPassword": WRONG, "newPassword": NEW})
        await call("POST", "/change-password", first, json={"currentPassword": PASSWORD, "newPassword": NEW})
        secrets = [PASSWORD, NEW, WRONG, first, second, key, invited["token"], service, agent["token"]]

        for body in (
            {**ADA, "password": WRONG},
            {"email": WRONG, "password": WRONG},
            {"email": 1, "password": [WRONG]},
            {"password": WRONG, "Password": WRONG, "email": "a"},
            {**ADA, "password": WRONG * 200},
            WRONG,
        ):
            for path in ("/sign-in/email", "/sign-up/email"):
                await call("POST", path, json=body)
        await call("POST", "/sign-in/email", content=f'{{"password": "{WRONG}"'.encode())
        for token in secrets:
            await call("POST", "/authorize", token, json={"action": "a", "resource": "b"})
            for path in ("/session", "/agents", "/sessions", f"/agents?userId={up['user']['id']}"):
                await call("GET", path, token)
            await call("POST", "/invitations/accept", first, json={"token": token})
        seen += await engine_errors(kavach)
        for thing in (kavach, kavach.user, kavach.session, await kavach.session.get(first)):
            seen.append(repr(thing) + str(thing))
        seen.append(repr(await kavach.audit.query()))

        await kavach.storage.delete_password(up["user"]["id"])
        with closing(sqlite3.connect(file)) as database:
            stored = "\n".join(database.iterdump())
            database.execute("ALTER TABLE kavach_sessions RENAME TO gone")
        await call("GET", "/session", first)
        await call("POST", "/sign-up/email", json={"email": "eve@example.com", "password": WRONG})
        await call("POST", "/sign-out", second)

    assert any('"INTERNAL_ERROR"' in text for text in seen)
    logged = "\n".join(f"{record.getMessage()} {record.__dict__} {record.exc_text}" for record in caplog.records)
    assert "POST /sign-in/email 401" in logged
    told = "\n".join(span.to_json() for span in telling.spans()) + str(telling.metrics())
    assert "kavach.authorize" in told
    assert "kavach.decisions" in told
    places = {"seen": "\n".join(seen), "logged": logged + caplog.text, "told": told, "stored": stored}
    for place, text in places.items():
        hits = [secret for secret in (*secrets, *(token[4:] for token in secrets[3:])) if secret in text]
        assert hits == [], place


async def engine_errors(kavach: Any) -> list[str]:
    """Return what the errors of the engine say, whatever they were given."""
    said = []
    calls: list[tuple[Any, dict[str, Any]]] = [
        (kavach.user.sign_in, {"email": "ada@example.com", "password": WRONG}),
        (kavach.user.sign_in, {"email": WRONG, "password": WRONG}),
        (kavach.user.sign_up, {"email": "ada@example.com", "password": WRONG}),
        (kavach.user.sign_up, {"email": "new@example.com", "password": WRONG * 100}),
        (kavach.user.sign_up, {"email": "new@example.com", "password": WRONG + "\ud800"}),
        (kavach.invitation.accept, {"token": WRONG, "user_id": "nobody"}),
    ]
    for method, given in calls:
        with pytest.raises(KavachError) as caught:
            await method(**given)
        error: BaseException | None = caught.value
        while error is not None:
            said.append(f"{error} {error!r} {error.args} {pickle.dumps(error.args)!r}")
            error = error.__cause__ or error.__context__
    return said
