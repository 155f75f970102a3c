"""What an agent asks and says about themselves; keys for integrations."""

import httpx
import pytest

from app.container import Container
from models import Device
from tests.parts import PASSWORD, SeededTenant


class TestMe:
    async def test_profile(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        me = (await client.get("/v1/me", headers=acme.bearer("li"))).json()
        assert (me["email"], me["roles"], me["teams"]) == ("li@example.test", ["agent"], ["support"])
        assert me["tenant"]["key"] == "acme"
        assert me["presence"]["status"] == "offline"
        assert me["permissions"] == ["customers.read", "customers.write", "work"]

    async def test_presence(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        headers = acme.bearer("li")
        answer = await client.put("/v1/me/presence", json={"status": "available"}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert (await client.get("/v1/me", headers=headers)).json()["presence"]["status"] == "available"

    async def test_what_only_the_server_sets(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        wish = {"status": "not_responding"}
        answer = await client.put("/v1/me/presence", json=wish, headers=acme.bearer("li"))
        assert answer.status_code == 422

    async def test_hot_desk_until_sign_out(
        self, client: httpx.AsyncClient, acme: SeededTenant, container: Container
    ) -> None:
        headers = acme.bearer("li")
        wish = {"endpoint": "hotline", "address": "sip:1001"}
        answer = await client.put("/v1/me/device", json=wish, headers=headers)
        assert answer.json() == {**wish, "confirm_key": False, "hot_desk": True}
        assert len((await client.get("/v1/me", headers=headers)).json()["devices"]) == 1
        await client.delete("/v1/sessions/current", headers=headers)
        assert await phones(container, acme, "li") == []

    async def test_their_own_phone_rings_again_after_a_hot_desk(
        self, client: httpx.AsyncClient, acme: SeededTenant, container: Container
    ) -> None:
        place = {"agent_id": acme.agents["li"].id, "endpoint_id": acme.endpoints["hotline"].id}
        async with container.database.transaction(acme.id) as session:
            session.add(Device(tenant_id=acme.id, address="sip:own", **place))
        headers = acme.bearer("li")
        for address in ("sip:1001", "sip:1002"):
            wish = {"endpoint": "hotline", "address": address}
            assert (await client.put("/v1/me/device", json=wish, headers=headers)).json()["hot_desk"]
        await client.delete("/v1/sessions/current", headers=headers)
        assert await phones(container, acme, "li") == [("sip:own", False)]

    @pytest.mark.parametrize("endpoint", ["nowhere", "site-chat"])
    async def test_no_such_telephony(
        self, client: httpx.AsyncClient, acme: SeededTenant, endpoint: str
    ) -> None:
        wish = {"endpoint": endpoint, "address": "sip:1001"}
        assert (await client.put("/v1/me/device", json=wish, headers=acme.bearer("li"))).status_code == 422


async def phones(container: Container, tenant: SeededTenant, agent: str) -> list[tuple[str, bool]]:
    """(address, only for the day) of each, from the rows: whose session has ended cannot ask."""
    async with container.database.read(tenant.id) as session:
        found = await Device.of_agent(session, tenant.agents[agent].id)
        return [(device.address, device.hot_desk) for device in found]


class TestTokens:
    @pytest.mark.parametrize("token", ["", "nonsense", "tp_unknown", "a.b.c", "tp_\xff"])
    async def test_bad_ones(self, client: httpx.AsyncClient, token: str) -> None:
        headers = {"authorization": f"Bearer {token}".encode("latin-1")}
        answer = await client.get("/v1/me", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_one_signed_with_another_key(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        head, body, _signature = acme.tokens["li"].split(".")
        headers = {"authorization": f"Bearer {head}.{body}.{'A' * 43}"}
        assert (await client.get("/v1/me", headers=headers)).status_code == 401


class TestApiKeys:
    async def create(self, client: httpx.AsyncClient, acme: SeededTenant, *scopes: str) -> httpx.Response:
        wish = {"name": "shop", "scopes": list(scopes)}
        return await client.post("/v1/api-keys", json=wish, headers=acme.bearer("wang"))

    async def test_a_key_does_what_its_scopes_say(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        created = await self.create(client, acme, "administer")
        assert created.status_code == 201
        headers = {"authorization": f"Bearer {created.json()['key']}"}
        listed = (await client.get("/v1/api-keys", headers=headers)).json()
        assert [key["name"] for key in listed["items"]] == ["shop"]
        assert "key" not in listed["items"][0] and listed["next_cursor"] is None
        weaker = await self.create(client, acme, "work")
        headers = {"authorization": f"Bearer {weaker.json()['key']}"}
        assert (await client.get("/v1/api-keys", headers=headers)).status_code == 403

    async def test_it_is_nobody(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        key = (await self.create(client, acme, "work")).json()["key"]
        answer = await client.get("/v1/me", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 403

    async def test_revoked(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        key = (await self.create(client, acme, "administer")).json()
        url = f"/v1/api-keys/{key['id']}"
        assert (await client.delete(url, headers=acme.bearer("wang"))).status_code == 204
        assert (await client.delete(url, headers=acme.bearer("wang"))).status_code == 404
        headers = {"authorization": f"Bearer {key['key']}"}
        assert (await client.get("/v1/api-keys", headers=headers)).status_code == 401

    async def test_not_for_agents(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await client.get("/v1/api-keys", headers=acme.bearer("li"))
        assert answer.status_code == 403 and answer.json()["type"] == "/problems/forbidden"


async def test_another_tenants_agent_of_the_same_name(
    client: httpx.AsyncClient, container: Container, acme: SeededTenant, other: SeededTenant
) -> None:
    answer = await client.post(
        "/v1/sessions", json={"tenant": "other", "email": "li@example.test", "password": PASSWORD}
    )
    token = answer.json()["access_token"]
    me = (await client.get("/v1/me", headers={"authorization": f"Bearer {token}"})).json()
    assert me["id"] == str(other.agents["li"].id) and me["tenant"]["key"] == "other"
