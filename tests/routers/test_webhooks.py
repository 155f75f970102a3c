"""The door for providers: authentic and durable, or not accepted."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from app.container import Container
from app.database import Database
from tests.parts import CTI_SECRET, MemoryLog, SeededTenant

EVENT = {
    "type": "call.incoming",
    "call_id": "call-1",
    "sequence": 1,
    "from": "+8613800138000",
    "to": "+862112345678",
    "at": "2026-11-01T10:00:00Z",
    "data": {"queue": "billing"},
}


def signed(
    body: bytes, secret: str = CTI_SECRET, at: datetime | None = None, name: str = "m1"
) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body.decode("utf-8", "surrogateescape")),
        "content-type": "application/json",
    }


async def deliver(
    client: httpx.AsyncClient, tenant: SeededTenant, body: Any = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body or EVENT)
    url = f"/webhooks/{tenant.endpoints['hotline'].id}"
    return await client.post(url, content=content, headers=headers or signed(content))


def log_of(container: Container) -> MemoryLog:
    assert isinstance(container.bus, MemoryLog)
    return container.bus


class TestAccepted:
    async def test_the_event_is_in_the_log_of_the_endpoints_tenant(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant, other: SeededTenant
    ) -> None:
        answer = await deliver(client, acme)
        assert answer.status_code == 200
        (published,) = log_of(container).published
        assert published.tenant_id == acme.id
        assert published.source == f"/endpoints/{acme.endpoints['hotline'].id}"
        assert published.type == "touchpoint.call.incoming.v1"
        assert published.key == f"{acme.endpoints['hotline'].id}/call-1"

    async def test_an_unknown_type_is_success_and_kept(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        assert (await deliver(client, acme, {**EVENT, "type": "call.sparkled"})).status_code == 200
        (published,) = log_of(container).published
        assert published.type == "touchpoint.unknown.received.v1"


class TestRefused:
    @pytest.mark.parametrize(
        "changed",
        [
            {"webhook-signature": "v1,AAAA"},
            {"webhook-signature": ""},
            {"webhook-signature": "v1,\xff\xfe"},
            {"webhook-timestamp": "now"},
            {"webhook-timestamp": "9" * 400},
            {"webhook-id": "other"},
            {"webhook-id": ""},
        ],
    )
    async def test_malformed_or_wrong_headers(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant, changed: dict[str, str]
    ) -> None:
        content = orjson.dumps(EVENT)
        headers = {k: v.encode("latin-1") for k, v in {**signed(content), **changed}.items()}
        answer = await deliver(client, acme, content, headers)  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/unauthenticated"
        assert log_of(container).published == []

    async def test_without_any_signature(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        assert (await deliver(client, acme, headers={"x-nothing": "1"})).status_code == 401

    async def test_a_signature_of_another_body(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        headers = signed(orjson.dumps({**EVENT, "call_id": "call-2"}))
        assert (await deliver(client, acme, headers=headers)).status_code == 401

    async def test_an_expired_one(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        headers = signed(orjson.dumps(EVENT), at=datetime.now(UTC) - timedelta(minutes=6))
        assert (await deliver(client, acme, headers=headers)).status_code == 401

    async def test_another_secret(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        secret = "whsec_" + base64.b64encode(b"somebody else's secret, quite long").decode()
        assert (await deliver(client, acme, headers=signed(orjson.dumps(EVENT), secret))).status_code == 401

    @pytest.mark.parametrize("endpoint", ["nonsense", "01890000-0000-7000-8000-000000000000"])
    async def test_unknown_endpoint(self, client: httpx.AsyncClient, endpoint: str) -> None:
        answer = await client.post(f"/webhooks/{endpoint}", content=b"{}")
        assert answer.status_code == 404 and answer.json()["type"] == "/problems/not-found"

    @pytest.mark.parametrize("kind", ["site-chat", "contact-form"])
    async def test_endpoints_with_a_door_of_their_own(
        self, client: httpx.AsyncClient, acme: SeededTenant, kind: str
    ) -> None:
        assert (await client.post(f"/webhooks/{acme.endpoints[kind].id}", content=b"{}")).status_code == 404

    async def test_other_methods(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await client.get(f"/webhooks/{acme.endpoints['hotline'].id}")
        assert answer.status_code == 405 and answer.json()["type"] == "/problems/method-not-allowed"


class TestUnreadable:
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [(b"{", ""), (b"\xff", ""), (orjson.dumps({**EVENT, "at": "yesterday"}), "/at")],
    )
    async def test_our_own_format_is_told_and_the_bytes_are_kept(
        self,
        client: httpx.AsyncClient,
        container: Container,
        database_url: str,
        acme: SeededTenant,
        body: bytes,
        pointer: str,
    ) -> None:
        headers = signed(body) if body != b"\xff" else _signed_bytes(body)
        answer = await deliver(client, acme, body, headers)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await _dead_letters(database_url, container, acme) == [body]


class TestOutage:
    async def test_nothing_can_store(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        log_of(container).away = True
        answer = await deliver(client, acme)
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0

    async def test_too_much_waits_even_for_calls(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        limit = container.settings.unread_inbound_max
        container.pressure.unread = limit * 2
        assert (await deliver(client, acme)).status_code == 200
        container.pressure.unread = limit * 4
        assert (await deliver(client, acme)).status_code == 503


class TestSize:
    async def test_up_to_the_limit(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        assert (await deliver(client, acme, b" " * (256 * 1024))).status_code == 422

    async def test_over_the_limit(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await deliver(client, acme, b" " * (256 * 1024 + 1))
        assert answer.status_code == 413 and answer.json()["type"] == "/problems/too-large"

    async def test_over_the_limit_without_a_length(
        self, client: httpx.AsyncClient, acme: SeededTenant
    ) -> None:
        async def chunks() -> Any:
            for _ in range(257):
                yield b" " * 1024

        url = f"/webhooks/{acme.endpoints['hotline'].id}"
        assert (await client.post(url, content=chunks())).status_code == 413


def _signed_bytes(body: bytes) -> dict[str, str]:
    from channels.signature import secret_key, sign

    return sign(secret_key(CTI_SECRET), "m1", datetime.now(UTC), body)


async def _dead_letters(url: str, container: Container, tenant: SeededTenant) -> list[bytes]:
    owner = Database(url, pooled=False)
    async with owner.read() as session:
        rows = await session.execute(text("SELECT tenant_id, raw FROM dead_letter"))
        return [container.cipher.open(row.tenant_id, row.raw) for row in rows]
