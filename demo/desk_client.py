"""One agent's desktop without a screen: the same HTTP and WebSocket contract that the browser uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect


class DeskClient:
    """Signed in and connected. `frames` yields what the server pushes."""

    def __init__(self, http: httpx.AsyncClient, socket: ClientConnection, snapshot: dict[str, Any]) -> None:
        self.http, self.socket, self.snapshot = http, socket, snapshot

    async def frames(self) -> AsyncIterator[dict[str, Any]]:
        async for frame in self.socket:
            yield orjson.loads(frame)

    async def shown(self, offer_id: str) -> None:
        await self.socket.send(orjson.dumps({"type": "offer_shown", "offer_id": offer_id}).decode())

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return await self.http.post(path, json=body or {})

    async def be(self, status: str, reason_code: str | None = None) -> None:
        await self.http.put("/v1/me/presence", json={"status": status, "reason_code": reason_code})


@asynccontextmanager
async def desktop(base_url: str, tenant: str, email: str, password: str) -> AsyncIterator[DeskClient]:
    """Sign in and open the stream; both end with the block."""
    async with httpx.AsyncClient(base_url=base_url, timeout=15, trust_env=False) as http:
        await sign_in(http, tenant, email, password)
        async with stream(http) as desk:
            yield desk


async def sign_in(http: httpx.AsyncClient, tenant: str, email: str, password: str) -> None:
    """From now on `http` carries the token."""
    answer = await http.post("/v1/sessions", json={"tenant": tenant, "email": email, "password": password})
    answer.raise_for_status()
    http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"


@asynccontextmanager
async def stream(http: httpx.AsyncClient) -> AsyncIterator[DeskClient]:
    """The desktop's socket with the token that `http` carries; several one after the other, as in a browser
    that lost its connection."""
    token = http.headers["authorization"].removeprefix("Bearer ")
    url = str(http.base_url).rstrip("/").replace("http", "ws", 1) + "/v1/stream"
    async with connect(url, max_size=2**22, proxy=None, ping_interval=None) as socket:
        await socket.send(orjson.dumps({"type": "authenticate", "token": token, "after": None}).decode())
        ready = orjson.loads(await socket.recv())
        yield DeskClient(http, socket, ready.get("snapshot") or {})
