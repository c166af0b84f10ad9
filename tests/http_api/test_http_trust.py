"""Trust over HTTP."""

from __future__ import annotations

from http_api.support import Api, error_of


async def test_a_score_is_read_and_follows_what_is_known(api: Api) -> None:
    token, agent = await api.service(), await api.agent()
    path = f"/agents/{agent.id}/trust"
    before = (await api.call("GET", path, api.person("ada"))).json()
    assert (before["agentId"], before["inputs"]["ownerTrust"]) == (agent.id, None)
    assert 0 <= before["score"] <= 100
    known = {"ownerTrust": 1, "workloadBinding": 0.5}
    after = (await api.call("PATCH", path, token, json=known)).json()
    assert after["inputs"] == before["inputs"] | known
    assert after["factors"]["ownerTrust"] == 1
    back = (await api.call("PATCH", path, token, json={"workloadBinding": None})).json()
    assert (back["inputs"]["ownerTrust"], back["inputs"]["workloadBinding"]) == (1, None)
    assert (await api.call("GET", path, token)).json()["inputs"] == back["inputs"]


async def test_what_is_known_is_a_share(api: Api) -> None:
    token, agent = await api.service(), await api.agent()
    for wrong in (-0.1, 1.1, "1", True):
        response = await api.call("PATCH", f"/agents/{agent.id}/trust", token, json={"ownerTrust": wrong})
        assert (response.status_code, error_of(response)) == (422, "INVALID_INPUT")
