"""Sign-in over HTTP, as the published SDK calls it; API keys, bans and organizations beside it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.people import ADA, FAST, PASSWORD
from http_api.support import PEER, Api, error_of, open_api, open_client
from kavach_core.http import users

CREDENTIALS = {"email": ADA, "password": PASSWORD}


async def sign_up(api: Api, **more: Any) -> Any:
    """Sign up, and return the person and the session."""
    response = await api.call("POST", "/sign-up/email", json={**CREDENTIALS, **more})
    assert response.status_code == 201
    return response.json()["data"]


async def test_the_tour_of_the_published_sdk(api: Api) -> None:
    made = await api.call("POST", "/sign-up/email", json={**CREDENTIALS, "name": "Ada"})
    assert (made.status_code, made.json()["success"]) == (201, True)
    person = made.json()["data"]
    assert person["user"].keys() >= {"id", "email", "createdAt", "name"}
    assert person["session"].keys() >= {"id", "userId", "token", "expiresAt", "createdAt"}
    assert made.headers["cache-control"] == "no-store"

    signed = await api.call("POST", "/sign-in/email", json={"email": "ADA@example.com", "password": PASSWORD})
    assert (signed.status_code, signed.json()["data"]["user"]) == (200, person["user"])
    session = signed.json()["data"]["session"]

    current = await api.call("GET", "/session", session["token"])
    assert (current.status_code, current.json()) == (200, session)
    out = await api.call("POST", "/sign-out", session["token"], headers={"Content-Type": "application/json"})
    assert (out.status_code, out.content) == (204, b"")
    gone = await api.call("GET", "/session", session["token"])
    assert (gone.status_code, error_of(gone)) == (401, "UNAUTHORIZED")
    assert (await api.call("GET", "/session", person["session"]["token"])).status_code == 200


async def test_signing_out_without_a_session_is_no_error(api: Api) -> None:
    for token in (None, "kvu_unknown", "kv_agent", await api.service()):
        assert (await api.call("POST", "/sign-out", token)).status_code == 204


async def test_errors_have_the_documented_statuses(api: Api) -> None:
    await sign_up(api)
    for path, body, status, code in (
        ("/sign-up/email", CREDENTIALS, 409, "CONFLICT"),
        ("/sign-up/email", {**CREDENTIALS, "password": "short"}, 422, "INVALID_INPUT"),
        ("/sign-up/email", {**CREDENTIALS, "email": "ada"}, 422, "INVALID_INPUT"),
        ("/sign-in/email", {**CREDENTIALS, "password": "wrong"}, 401, "INVALID_CREDENTIALS"),
        ("/sign-in/email", {"email": "eve@example.com", "password": PASSWORD}, 401, "INVALID_CREDENTIALS"),
        ("/sign-in/email", {"email": ADA}, 422, "INVALID_INPUT"),
    ):
        response = await api.call("POST", path, json=body)
        assert (response.status_code, error_of(response)) == (status, code), body
        assert PASSWORD not in response.text
        if status == 401:
            assert response.headers["www-authenticate"] == "Bearer"


async def test_h6_too_many_attempts_are_told_when_to_come_again_whatever_address_they_claim(api: Api) -> None:
    for number in range(10):
        forged = {"X-Forwarded-For": f"198.51.100.{number}"}
        await api.call("POST", "/sign-in/email", json={**CREDENTIALS, "password": "wrong"}, headers=forged)
    response = await api.call("POST", "/sign-in/email", json=CREDENTIALS)
    assert (response.status_code, error_of(response)) == (429, "TOO_MANY_ATTEMPTS")
    assert response.headers["retry-after"] == "900"


async def test_the_address_of_a_sign_in_is_the_clients(api: Api) -> None:
    person = await sign_up(api)
    forged = {"X-Forwarded-For": "198.51.100.1", "User-Agent": "browser"}
    await api.call("POST", "/sign-in/email", json=CREDENTIALS, headers=forged)
    listed = (await api.call("GET", "/sessions", person["session"]["token"])).json()
    assert [(entry["ip"], entry["token"]) for entry in listed] == [(PEER, ""), (PEER, "")]
    assert listed[1]["userAgent"] == "browser"


async def test_a_host_may_close_the_sign_up() -> None:
    async with open_api(engine={"users": {**FAST, "sign_up": False}}) as api:
        response = await api.call("POST", "/sign-up/email", json=CREDENTIALS)
        assert (response.status_code, error_of(response)) == (403, "FORBIDDEN")
        await api.kavach.user.sign_up(**CREDENTIALS)
        assert (await api.call("POST", "/sign-in/email", json=CREDENTIALS)).status_code == 200


async def test_a_signed_in_person_reaches_their_own_agents(api: Api) -> None:
    person = await sign_up(api)
    token = person["session"]["token"]
    body = {"ownerId": person["user"]["id"], "name": "n", "type": "service", "permissions": []}
    made = await api.call("POST", "/agents", token, json=body)
    assert made.status_code == 201
    assert (await api.call("GET", f"/agents/{(await api.agent()).id}", token)).status_code == 404
    assert [agent["id"] for agent in (await api.call("GET", "/agents", token)).json()] == [made.json()["id"]]


async def test_u9_a_changed_password_and_a_ban_end_sessions(api: Api) -> None:
    person = await sign_up(api)
    token = person["session"]["token"]
    other = (await api.call("POST", "/sign-in/email", json=CREDENTIALS)).json()["data"]["session"]["token"]
    change = {"currentPassword": "wrong", "newPassword": "another horse battery"}
    wrong = await api.call("POST", "/change-password", token, json=change)
    assert (wrong.status_code, error_of(wrong)) == (401, "INVALID_CREDENTIALS")
    change["currentPassword"] = PASSWORD
    assert (await api.call("POST", "/change-password", token, json=change)).status_code == 204
    assert (await api.call("GET", "/session", token)).status_code == 200
    assert (await api.call("GET", "/session", other)).status_code == 401

    service = await api.service()
    banned = await api.call("POST", f"/users/{person['user']['id']}/ban", service, json={"reason": "spam"})
    assert banned.json()["banned"] is True
    assert (await api.call("GET", "/session", token)).status_code == 401
    assert (await api.call("GET", "/agents", token)).status_code == 401
    signed = {"email": ADA, "password": change["newPassword"]}
    assert (await api.call("POST", "/sign-in/email", json=signed)).status_code == 401
    await api.call("POST", f"/users/{person['user']['id']}/unban", service)
    assert (await api.call("POST", "/sign-in/email", json=signed)).status_code == 200


async def test_a_ban_reaches_people_of_another_sign_in(api: Api) -> None:
    async def identify(request: Any) -> str | None:
        return str(request.headers.get("x-user", "")) or None

    await api.kavach.user.create(id="ada", email=ADA)
    async with open_client(api.kavach, authenticate=[users(identify)]) as client:
        for user_id, status in (("ada", 200), ("unknown", 200), ("x" * 300, 401), ("a\x07b", 401), ("", 401)):
            response = await client.get("/agents", headers={"x-user": user_id})
            assert response.status_code == status, user_id
        await api.kavach.user.ban("ada")
        assert (await client.get("/agents", headers={"x-user": "ada"})).status_code == 401


async def test_an_api_key_does_what_it_names(api: Api) -> None:
    token = (await sign_up(api))["session"]["token"]
    for wrong in ([], ["everything"]):
        refused = await api.call("POST", "/api-keys", token, json={"name": "ci", "permissions": wrong})
        assert (refused.status_code, error_of(refused)) == (422, "INVALID_INPUT")
    made = (await api.call("POST", "/api-keys", token, json={"name": "ci", "permissions": ["agents:read"]})).json()
    key = made["key"]
    assert (await api.call("GET", "/agents", key)).status_code == 200
    lacking = await api.call("GET", "/audit", key)
    assert (lacking.status_code, error_of(lacking)) == (403, "FORBIDDEN")
    for method, path in (("GET", "/api-keys"), ("GET", "/sessions"), ("POST", "/api-keys")):
        assert (await api.call(method, path, key)).status_code == 403
    (listed,) = (await api.call("GET", "/api-keys", token)).json()
    assert (listed["id"], listed["key"], listed["permissions"]) == (made["id"], "", ["agents:read"])
    assert (await api.call("DELETE", f"/api-keys/{made['id']}", token)).status_code == 204
    assert (await api.call("DELETE", f"/api-keys/{made['id']}", token)).status_code == 404
    assert (await api.call("GET", "/agents", key)).status_code == 401


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("owner", {"GET": 200, "PATCH": 200, "POST": 201, "transfer": 200, "DELETE": 204}),
        ("admin", {"GET": 200, "PATCH": 200, "POST": 201, "transfer": 403, "DELETE": 403}),
        ("member", {"GET": 200, "PATCH": 403, "POST": 403, "transfer": 403, "DELETE": 403}),
        (None, {"GET": 404, "PATCH": 404, "POST": 404, "transfer": 404, "DELETE": 404}),
    ],
)
async def test_an_organization_is_open_to_members_as_far_as_the_role_goes(
    api: Api, role: str | None, statuses: dict[str, int]
) -> None:
    for user_id in ("ada", "bob"):
        await api.kavach.user.create(id=user_id, email=f"{user_id}@example.com")
    owner = "ada" if role == "owner" else "bob"
    org = await api.kavach.organization.create(name="Acme", slug="acme", owner_id=owner)
    other = "bob" if owner == "ada" else "ada"
    if role is not None:
        await api.kavach.organization.add_member(org.id, user_id=other, role="member" if role == "owner" else role)
    token, path = api.person("ada"), f"/organizations/{org.id}"
    found = {
        "GET": await api.call("GET", f"{path}/members", token),
        "PATCH": await api.call("PATCH", path, token, json={"name": "Acme Labs"}),
        "POST": await api.call("POST", f"{path}/invitations", token, json={"email": "eve@example.com"}),
        "transfer": await api.call("POST", f"{path}/transfer", token, json={"ownerId": owner}),
        "DELETE": await api.call("DELETE", path, token),
    }
    assert {name: response.status_code for name, response in found.items()} == statuses


async def test_a_member_may_leave_and_an_owner_may_not(api: Api) -> None:
    for user_id in ("ada", "bob"):
        await api.kavach.user.create(id=user_id, email=f"{user_id}@example.com")
    org = await api.kavach.organization.create(name="Acme", slug="acme", owner_id="bob")
    await api.kavach.organization.add_member(org.id, user_id="ada")
    members = f"/organizations/{org.id}/members"
    assert (await api.call("DELETE", f"{members}/bob", api.person("ada"))).status_code == 403
    assert (await api.call("DELETE", f"{members}/ada", api.person("ada"))).status_code == 204
    assert (await api.call("DELETE", f"{members}/ada", api.person("ada"))).status_code == 404
    stays = await api.call("DELETE", f"{members}/bob", api.person("bob"))
    assert (stays.status_code, error_of(stays)) == (422, "INVALID_INPUT")
