"""Visitors who have signed in at the tenant's site, and what the widget is told of the chat."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import text
from websockets.asyncio.client import connect

from tests.routers.chat_site import IDENTITY_SECRET, Site, Visitor
from tests.waiting import eventually

WANG = {"sub": "u-17", "name": "王芳", "email": "wang@example.com", "phone": "+14155550100"}


def identity(seconds: float = 60, **claims: Any) -> str:
    claims = {**WANG, "exp": int(time.time() + seconds), **claims}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(IDENTITY_SECRET))


def signed_id(external_id: str) -> dict[str, str]:
    signature = hmac.new(IDENTITY_SECRET.encode(), external_id.encode(), hashlib.sha256).hexdigest()
    return {"external_id": external_id, "signature": signature}


async def refusal(site: Site, given: Any, endpoint: Any = None) -> tuple[str, int]:
    """The error's code, and what the socket is closed with."""
    url = f"ws://127.0.0.1:{site.ports[0]}/chat/{endpoint or site.members_id}"
    async with connect(url) as connection:
        visitor = Visitor(connection)
        await visitor.send({"type": "hello", "identity": given})
        return (await visitor.frame("error"))["code"], await visitor.close_code()


async def customers(site: Site) -> dict[str, list[str]]:
    """Verified addresses, without those of windows, by customer."""
    rows = await site.rows(
        "SELECT c.name, a.kind || ':' || a.value AS address FROM customer c"
        " JOIN customer_address l ON l.customer_id = c.id AND l.verified"
        " JOIN address a ON a.id = l.address_id WHERE a.kind <> 'visitor' ORDER BY l.linked_at, l.id"
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row.address)
    return found


class TestSignedIn:
    async def test_is_the_customer_whom_the_site_names(self, site: Site) -> None:
        options = {"endpoint": site.members_id}
        async with site.visitor(identity=identity(), **options) as first:
            await first.say("hello")
            await eventually(lambda: site.rows("SELECT 1 FROM interaction"))
        assert await customers(site) == {
            "王芳": ["external:u-17", "email:wang@example.com", "phone:+14155550100"]
        }
        async with site.visitor(identity=signed_id("u-17"), **options) as second:  # at another browser
            assert second.token != first.token
            await second.say("again")
            await eventually(lambda: site.rows("SELECT 1 FROM interaction OFFSET 1"))
        assert await site.rows("SELECT 1 FROM customer OFFSET 1") == []

    async def test_a_verified_mail_leads_to_who_has_it(self, site: Site) -> None:
        async with site.containers[0].database.transaction(site.tenant_id) as session:
            for statement in (
                "INSERT INTO customer (id, tenant_id, name, attributes, version)"
                " VALUES (gen_random_uuid(), :t, 'Wang', '{}', 1)",
                "INSERT INTO address (id, tenant_id, kind, value)"
                " VALUES (gen_random_uuid(), :t, 'email', 'wang@example.com')",
                "INSERT INTO customer_address (id, tenant_id, customer_id, address_id, verified, source)"
                " SELECT gen_random_uuid(), :t, c.id, a.id, true, 'agent' FROM customer c, address a",
            ):
                await session.execute(text(statement), {"t": site.tenant_id})
        async with site.visitor(identity=identity(), endpoint=site.members_id):
            found = await customers(site)
        assert sorted(found["Wang"]) == ["email:wang@example.com", "external:u-17", "phone:+14155550100"]

    async def test_somebody_else_in_the_same_browser_is_a_new_visitor(self, site: Site) -> None:
        options = {"endpoint": site.members_id}
        tokens = []
        for given in (identity(), identity(sub="u-18"), None):
            async with site.visitor(tokens[-1] if tokens else None, identity=given, **options) as visitor:
                tokens.append(visitor.token)
        assert len(set(tokens)) == 3
        async with site.visitor(tokens[0], identity=identity(), **options) as again:
            assert again.token == tokens[0]

    async def test_a_page_that_stays_open_outlives_its_token(self, site: Site) -> None:
        options = {"endpoint": site.members_id}
        async with site.visitor(identity=identity(), **options) as visitor:
            pass
        async with site.visitor(visitor.token, identity=identity(-1), **options) as again:
            assert again.token == visitor.token

    async def test_refused(self, site: Site) -> None:
        assert await refusal(site, identity(-1)) == ("identity-expired", 4003)
        assert await refusal(site, identity()[:-2]) == ("identity-invalid", 4003)
        assert await refusal(site, {"external_id": "u-17", "signature": "00"}) == ("identity-invalid", 4003)
        assert await refusal(site, identity(), site.other_id) == ("identity-invalid", 4003)
        assert await site.rows("SELECT 1 FROM visitor") == []


class TestClaimedMail:
    async def test_belongs_to_the_new_customer_unproven(self, site: Site) -> None:
        async with site.visitor() as visitor:
            assert (await visitor.say("hello", email="me@"))["code"] == "invalid-email"
            await visitor.say("hello", email="wang@example.com")
            claimed = (
                "SELECT l.verified FROM customer_address l JOIN address a ON a.id = l.address_id"
                " WHERE a.value = 'wang@example.com'"
            )
            await eventually(lambda: site.rows(claimed))
            assert [row.verified for row in await site.rows(claimed)] == [False]


class TestRead:
    async def test_what_stood_before_their_eyes(self, site: Site) -> None:
        async with site.visitor() as visitor:
            await visitor.say("hello")
            await eventually(lambda: site.rows("SELECT 1 FROM interaction"))
            ((visitor_id,),) = await site.rows("SELECT id FROM visitor")
            await site.write_to(visitor_id, "how can I help?")
            touch_id = (await visitor.frame("message"))["touch_id"]
            for kind in ("read", "received"):  # the later receipt does not take it back
                await visitor.send({"type": kind, "touch_id": touch_id})
            await eventually(lambda: site.rows("SELECT 1 FROM touch WHERE delivery_state = 'read'"))


class TestSettings:
    @pytest.fixture
    async def http(self, site: Site) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{site.ports[0]}/chat") as http:
            yield http

    async def test_what_the_page_may_know(self, site: Site, http: httpx.AsyncClient) -> None:
        origin = "https://shop.example"
        answer = await http.get(f"/{site.members_id}/settings", headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert "secret" not in answer.text
        told = orjson.loads(answer.content)
        assert told["greeting"] == {"en": "Hello!", "zh-CN": "您好！"}
        assert (told["pre_chat"], told["open"], told["color"]) == (["name", "question"], True, "#1f5fbf")
        assert told["offline_form_id"] and told["callback_form_id"] is None

    async def test_not_for_other_pages(self, site: Site, http: httpx.AsyncClient) -> None:
        answer = await http.get(f"/{site.members_id}/settings", headers={"origin": "https://evil.example"})
        assert answer.status_code == 403

    async def test_closed(self, site: Site, http: httpx.AsyncClient) -> None:
        async with site.containers[0].database.transaction(site.tenant_id) as session:
            closure = {"reason": "fire", "announcement": "We are back tomorrow."}
            await session.execute(
                text("UPDATE queue SET closure = CAST(:c AS jsonb)"), {"c": orjson.dumps(closure).decode()}
            )
        told = (await http.get(f"/{site.members_id}/settings")).json()
        assert (told["open"], told["closed_text"]) == (False, "We are back tomorrow.")
