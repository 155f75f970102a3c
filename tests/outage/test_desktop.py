"""A desktop that is closed, reloaded or frozen while it rings, and an api that goes (SEMANTICS §1.2)."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from websockets.exceptions import WebSocketException

from demo.desk_client import DeskClient, sign_in, stream
from tests.outage.parts import second_of
from tests.running import PASSWORD, Desktop, Lane
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)

CLOSED_SECONDS = 6
FROZEN_SECONDS = 22
LEASE_AT_LEAST_SECONDS = 15
AWAY = (OSError, httpx.HTTPError, WebSocketException)
RESTARTED = 1012


@asynccontextmanager
async def signed_in(lane: Lane) -> AsyncIterator[httpx.AsyncClient]:
    """The lane's agent, without a desktop yet."""
    async with httpx.AsyncClient(base_url=lane.service.url, timeout=30, trust_env=False) as http:
        await sign_in(http, "acme", lane.email, PASSWORD)
        yield http


@asynccontextmanager
async def rung(lane: Lane, http: httpx.AsyncClient) -> AsyncIterator[tuple[DeskClient, dict[str, Any]]]:
    """A desktop, available, and the offer that it shows."""
    async with stream(http) as client:
        await client.be("available")
        async with Desktop(client).reading() as desk:
            lane.call()
            offer = await desk.offer()
            await shown(lane, offer)
            yield client, offer


async def shown(lane: Lane, offer: dict[str, Any]) -> None:
    """That the desktop shows it has reached the service: a silent one is another matter."""
    database = await asyncpg.connect(lane.service.supervisor.database_url)
    try:
        query = "SELECT shown_at FROM offer WHERE id = $1::text::uuid"
        await eventually(lambda: database.fetchval(query, offer["offer_id"]))
    finally:
        await database.close()


@asynccontextmanager
async def connected_again(http: httpx.AsyncClient) -> AsyncIterator[DeskClient]:
    """As soon as an api answers."""
    async with AsyncExitStack() as stack:

        async def connect() -> DeskClient | None:
            try:
                return await stack.enter_async_context(stream(http))
            except AWAY:
                return None

        client = await eventually(connect, seconds=30)
        assert client is not None
        yield client


async def accepted(client: DeskClient, offer: dict[str, Any]) -> None:
    """It still rings, and can be taken."""
    assert [ringing["offer_id"] for ringing in client.snapshot["offers"]] == [offer["offer_id"]]
    answer = await client.post(f"/v1/offers/{offer['offer_id']}/accept")
    assert answer.status_code == 200, answer.text


class TestClosed:
    async def test_the_next_agent_has_it_within_six_seconds(self, lane: Lane) -> None:
        async with lane.desktop(available=False, email=second_of(lane)) as second, signed_in(lane) as http:
            async with rung(lane, http) as (_, offer):
                await second.client.be("available")
            await second.offer(offer["interaction_id"], seconds=CLOSED_SECONDS)

    async def test_a_reload_inside_the_grace_keeps_it(self, lane: Lane) -> None:
        async with signed_in(lane) as http:
            async with rung(lane, http) as (_, offer):
                pass
            async with stream(http) as again:
                await accepted(again, offer)


class TestApiRestarts:
    @pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGKILL])
    async def test_the_offer_is_kept(self, lane: Lane, kind: signal.Signals) -> None:
        async with signed_in(lane) as http:
            async with rung(lane, http) as (client, offer):
                os.kill(lane.service.supervisor.pid_of("api") or 0, kind)
                await asyncio.wait_for(client.socket.wait_closed(), 15)
                if kind == signal.SIGTERM:
                    assert client.socket.close_code == RESTARTED
            async with connected_again(http) as again:
                await accepted(again, offer)


class TestFrozen:
    async def test_the_next_agent_has_it_when_the_lease_ends(self, lane: Lane) -> None:
        """Its socket stays open, but answers no pings."""
        async with (
            lane.desktop(available=False, email=second_of(lane)) as second,
            signed_in(lane) as http,
            rung(lane, http) as (client, offer),
        ):
            client.socket.transport.pause_reading()
            frozen_at = time.monotonic()
            await second.client.be("available")
            await second.offer(offer["interaction_id"], seconds=FROZEN_SECONDS)
            assert time.monotonic() - frozen_at > LEASE_AT_LEAST_SECONDS
            client.socket.transport.abort()
