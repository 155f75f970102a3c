"""The demo's foreign messenger: what its bridge posts is what the custom channel reads, and the other way."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.clock import new_id
from app.events import Address, DeliveryUpdated, InboundEvent, MessageReceived
from channels.base import OutboundMessage, WireRequest
from channels.custom import CustomAdapter, CustomConfig
from demo.messengers.bridge import Bridge, SharedSecret
from demo.messengers.pigeon import Pigeon
from tests.channels.wire import SECRET
from tests.serving import serving

WANG = "+8613800000001"


@dataclass
class Door:
    """Touchpoint's webhook without what is behind it. `away`: so many answers are 503."""

    adapter: CustomAdapter
    pigeon: Pigeon
    away: int = 0
    events: list[InboundEvent] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        if self.away:
            self.away -= 1
            return Response(status_code=503)
        headers, body = dict(request.headers), await request.body()
        wire = WireRequest("POST", str(request.url), headers, body, datetime.now(UTC))
        self.adapter.verify(wire)
        self.events += self.adapter.parse(wire)
        return Response(status_code=200)

    async def answer(self, text: str) -> int:
        message = OutboundMessage(
            new_id(), new_id(), "key-1", Address(kind="phone", value=WANG), text, now=datetime.now(UTC)
        )
        wire = self.adapter.render(message)
        assert isinstance(wire, WireRequest)
        async with httpx.AsyncClient(trust_env=False) as http:
            sent = await http.post(wire.url, content=wire.body, headers=dict(wire.headers))
        return sent.status_code


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    bridge = Bridge(SharedSecret(SECRET), random.Random(1))
    async with serving(bridge.app()) as url:
        config = {"platform": "pigeon", "secret": SECRET, "send_url": f"{url}/send"}
        door = Door(CustomAdapter(CustomConfig.model_validate(config)), Pigeon(bridge))
        async with serving(Starlette(routes=[Route("/hook", door.take, methods=["POST"])])) as hook:
            bridge.webhook = f"{hook}/hook"
            yield door


class TestPigeon:
    async def test_says_and_is_answered(self, door: Door) -> None:
        await door.pigeon.say(WANG, "王建国", "你好")
        (event,) = door.events
        assert isinstance(event, MessageReceived)
        assert (event.text, event.name, event.address) == (
            "你好",
            "王建国",
            Address(kind="phone", value=WANG),
        )
        assert await door.answer("您好！") == 202
        assert [(item["mine"], item["text"]) for item in door.pigeon.chat(WANG)] == [
            (True, "你好"),
            (False, "您好！"),
        ]
        await door.pigeon.tell_receipts()
        states = [event.state for event in door.events if isinstance(event, DeliveryUpdated)]
        assert sorted(states) == ["delivered", "read", "sent"]

    async def test_insists_while_nothing_can_be_stored(self, door: Door) -> None:
        door.away = 1
        await door.pigeon.say(WANG, "王建国", "again")
        assert [event.text for event in door.events if isinstance(event, MessageReceived)] == ["again"]
