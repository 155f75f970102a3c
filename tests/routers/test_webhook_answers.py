"""Platforms that read our answer: what to do once the event is durable, and what while nothing can be."""

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.clock import new_id
from app.container import Container
from app.database import Database
from app.endpoints import Endpoints, KnownEndpoint
from app.errors import BadSignature, MalformedPayload
from app.events import CallIncoming, InboundEvent
from channels.base import Capabilities, OutboundMessage, SendResult, Unsendable, WireRequest, WireResponse
from tests.parts import MemoryLog, client_of, open_test_container, seed

XML = {"content-type": "text/xml"}


class RingerAdapter:
    """A telephony platform that signs its form together with the URL, and reads XML."""

    name: ClassVar[str] = "ringer"
    channel: ClassVar[str] = "voice"
    capabilities: ClassVar[Capabilities] = Capabilities(replies=False)

    def verify(self, request: WireRequest) -> None:
        if request.headers.get("x-ringer") != proof(request.url, request.body):
            raise BadSignature("x-ringer does not fit")

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        form = parse_qs(request.body.decode())
        if "call" not in form:
            raise MalformedPayload("is missing", "/call")
        return (CallIncoming(external_id=form["call"][0], conversation=form["call"][0]),)

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a phone")

    def interpret(self, response: WireResponse) -> SendResult:
        raise NotImplementedError("nothing is sent here")

    def answer(self, request: WireRequest, events: Sequence[InboundEvent]) -> WireResponse:
        return WireResponse(200, XML, f"<Wait calls='{len(events)}'/>".encode())

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        return None if request.url.endswith("?on=status") else WireResponse(200, XML, b"<Sorry/>")

    def challenge(self, request: WireRequest) -> WireResponse:
        word = request.url.partition("?word=")[2]
        if not word.startswith("known-"):
            raise BadSignature("the word is not ours")
        return WireResponse(200, body=word.encode())


class Ringers(Endpoints):
    """What is set up, and one ringer besides."""

    def __init__(self, container: Container, tenant_id: UUID) -> None:
        super().__init__(container.database, container.cipher, container.notifications)
        adapter = RingerAdapter()
        self.ringer = KnownEndpoint(
            id=new_id(), tenant_id=tenant_id, key="ringer", adapter_name="ringer", channel="voice",
            queue="billing", address=None, version=1, adapter=adapter, config={}, seal=bytes, answers=adapter,
            challenged=adapter,
        )  # fmt: skip

    def get(self, endpoint_id: UUID) -> KnownEndpoint | None:
        return self.ringer if endpoint_id == self.ringer.id else super().get(endpoint_id)


def proof(url: str, body: bytes) -> str:
    return hmac.new(b"secret", url.encode() + body, hashlib.sha256).hexdigest()


class Platform:
    """Calls our door as the ringer does; `base` is where it believes that we are."""

    def __init__(self, client: httpx.AsyncClient, container: Container, tenant_id: UUID) -> None:
        container.endpoints = ringers = Ringers(container, tenant_id)
        self._client, self.path = client, f"/webhooks/{ringers.ringer.id}"
        self.base = "https://touchpoint.test"

    async def ring(self, body: bytes, query: str = "", **headers: str) -> httpx.Response:
        signed = {"x-ringer": proof(self.base + self.path + query, body), **headers}
        return await self._client.post(self.path + query, content=body, headers=signed)


@pytest.fixture
async def platform(client: httpx.AsyncClient, container: Container) -> Platform:
    return Platform(client, container, (await seed(container, "acme")).id)


def log_of(container: Container) -> MemoryLog:
    assert isinstance(container.bus, MemoryLog)
    return container.bus


class TestAnswer:
    async def test_is_the_adapters_document_and_the_event_is_in_the_log(
        self, platform: Platform, container: Container
    ) -> None:
        answer = await platform.ring(b"call=c1")
        assert (answer.status_code, answer.text) == (200, "<Wait calls='1'/>")
        assert answer.headers["content-type"] == "text/xml"
        assert [e.type for e in log_of(container).published] == ["touchpoint.call.incoming.v1"]

    async def test_what_cannot_be_read_is_kept_and_answered(
        self, platform: Platform, container: Container
    ) -> None:
        answer = await platform.ring(b"<call/>", "?on=status")
        assert (answer.status_code, answer.text) == (200, "<Wait calls='0'/>")
        (letter,) = await dead_letters(container)
        assert letter["source"].endswith("?on=status") and letter["error"] == "/call: is missing"

    async def test_a_wrong_signature_gets_no_document(self, platform: Platform, container: Container) -> None:
        answer = await platform.ring(b"call=c1", **{"x-ringer": "forged"})
        assert answer.status_code == 401 and log_of(container).published == []


class TestNothingCanBeStored:
    async def test_the_platform_is_told_how_to_go_on(self, platform: Platform, container: Container) -> None:
        log_of(container).away = True
        answer = await platform.ring(b"call=c1")
        assert (answer.status_code, answer.text) == (200, "<Sorry/>")

    async def test_where_503_says_enough(self, platform: Platform, container: Container) -> None:
        log_of(container).away = True
        answer = await platform.ring(b"call=c1", "?on=status")
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0

    async def test_under_pressure_too(self, platform: Platform, container: Container) -> None:
        container.pressure.unread = container.settings.unread_inbound_max * 4
        assert (await platform.ring(b"call=c1")).text == "<Sorry/>"

    async def test_only_the_platform_is_told(self, platform: Platform, container: Container) -> None:
        log_of(container).away = True
        assert (await platform.ring(b"call=c1", **{"x-ringer": "forged"})).status_code == 401


class TestChallenge:
    async def test_the_right_word_comes_back(self, platform: Platform, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{platform.path}?word=known-42")
        assert (answer.status_code, answer.text) == (200, "known-42")
        assert answer.headers["content-type"].startswith("text/plain")

    async def test_a_wrong_word(self, platform: Platform, client: httpx.AsyncClient) -> None:
        assert (await client.get(f"{platform.path}?word=guess")).status_code == 401

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
    async def test_no_other_method(self, platform: Platform, client: httpx.AsyncClient, method: str) -> None:
        assert (await client.request(method, platform.path)).status_code == 405


class TestUrlThatThePlatformSigned:
    async def test_forwarding_headers_of_anybody_change_nothing(self, platform: Platform) -> None:
        forwarded = {
            "x-forwarded-host": "evil.test",
            "x-forwarded-proto": "http",
            "forwarded": "host=evil.test",
        }
        assert (await platform.ring(b"call=c1", **forwarded)).status_code == 200
        platform.base = "http://evil.test"
        assert (await platform.ring(b"call=c1", **forwarded)).status_code == 401

    async def test_the_public_one_where_it_is_set(self, database_url: str, tmp_path: Path) -> None:
        public: dict[str, Any] = {"public_url": "https://cc.example/"}
        async with open_test_container(database_url, tmp_path, **public) as container:
            tenant = await seed(container, "acme")
            async with client_of(container) as client:
                platform = Platform(client, container, tenant.id)
                platform.base = "https://cc.example"
                assert (await platform.ring(b"call=c1", "?on=status")).status_code == 200


async def dead_letters(container: Container) -> Sequence[Any]:
    owner = Database(container.settings.database_url or "", pooled=False)
    async with owner.read() as session:
        rows = await session.execute(text("SELECT source, error FROM dead_letter"))
        return [row._mapping for row in rows]
