"""Many desktops at once, for measurements: signed in by tokens of our own making, as so many passwords would
take longer to check than all that is measured."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.access import AccessTokens, AgentPrincipal
from app.clock import SystemClock, new_id
from app.security import InstallationKey
from app.settings import Settings

AT_ONCE = 16


@dataclass(frozen=True)
class SignedIn:
    agent_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


async def signed_in(settings: Settings) -> list[SignedIn]:
    """Every agent of the installation, for an hour."""
    connection = await asyncpg.connect(settings.database_url)
    rows = await connection.fetch("SELECT tenant_id, id, email FROM agent ORDER BY id")
    await connection.close()
    tokens = AccessTokens(InstallationKey.load(settings).derive("access tokens"), SystemClock())
    ends = datetime.now(UTC) + timedelta(hours=1)
    return [
        SignedIn(row["id"], tokens.issue(_principal(row["tenant_id"], row["id"], row["email"], ends)))
        for row in rows
    ]


def _principal(tenant_id: UUID, agent_id: UUID, email: str, ends: datetime) -> AgentPrincipal:
    return AgentPrincipal(tenant_id, agent_id, email, email, ("agent",), new_id(), ends)


async def open_stream(url: str, agent: SignedIn) -> ClientConnection:
    """The desktop's socket, ready."""
    place = f"{url.replace('http', 'ws', 1)}/v1/stream"
    socket = await connect(place, max_size=2**24, proxy=None, open_timeout=60, ping_interval=None)
    await socket.send(orjson.dumps({"type": "authenticate", "token": agent.token, "after": None}).decode())
    await socket.recv()
    return socket


async def frames(socket: ClientConnection) -> AsyncIterator[bytes]:
    """Until the socket ends."""
    with suppress(ConnectionClosed):
        while True:
            yield await socket.recv(decode=False)


def offer_shown(offer_id: str) -> str:
    return orjson.dumps({"type": "offer_shown", "offer_id": offer_id}).decode()


async def each(deeds: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them, some at once."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(deed: Coroutine[Any, Any, None]) -> None:
        async with room:
            await deed

    await asyncio.gather(*(one(deed) for deed in deeds))
