"""Real api processes' insides (uvicorn, tail, leases) in this process, and desktops as WebSocket clients."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.access import AgentPrincipal
from app.clock import new_id
from app.container import Container, open_container
from app.main import create_app, server_of
from app.settings import Settings
from models import Agent
from tests.waiting import eventually
from tests.worker.center import Center


@dataclass
class Api:
    """One api process: its container and where it listens."""

    container: Container
    server: uvicorn.Server
    port: int

    def token(self, agent: Agent, seconds: float = 600) -> str:
        return self.container.tokens.issue(
            AgentPrincipal(
                tenant_id=agent.tenant_id,
                id=agent.id,
                email=agent.email,
                name=agent.name,
                roles=tuple(agent.roles),
                session_id=new_id(),
                expires_at=self.container.clock.now() + timedelta(seconds=seconds),
            )
        )

    def client(self, agent: Agent) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.token(agent)}"}
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers)

    @asynccontextmanager
    async def desktop(
        self, agent: Agent | None, after: str | None = None, *, show: bool = True, **options: Any
    ) -> AsyncIterator["Desktop"]:
        """A connected, authenticated desktop. It shows its offers unless told not to."""
        async with connect(f"ws://127.0.0.1:{self.port}/v1/stream", **options) as connection:
            desktop = Desktop(connection, show)
            if agent is not None:
                await desktop.authenticate(self.token(agent), after)
                desktop.ready = await desktop.frame("ready")
            yield desktop


@dataclass
class Desktop:
    connection: ClientConnection
    show: bool
    ready: dict[str, Any] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def authenticate(self, token: str, after: str | None = None) -> None:
        await self.send({"type": "authenticate", "token": token, "after": after})

    async def send(self, frame: dict[str, Any]) -> None:
        await self.connection.send(orjson.dumps(frame).decode())

    async def receive(self, seconds: float = 15) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            frame: dict[str, Any] = orjson.loads(await self.connection.recv())
        if frame["type"] == "event":
            self.frames.append(frame)
        if self.show and frame.get("name") == "offer.created":
            await self.send({"type": "offer_shown", "offer_id": frame["data"]["offer_id"]})
        return frame

    async def frame(self, kind: str) -> dict[str, Any]:
        """The next frame of this type."""
        while True:
            frame = await self.receive()
            if frame["type"] == kind:
                return frame

    async def event(self, name: str, **wanted: Any) -> dict[str, Any]:
        """The next event of this name whose data say what is wanted."""
        while True:
            frame = await self.frame("event")
            if frame["name"] == name and all(frame["data"].get(k) == v for k, v in wanted.items()):
                return frame

    async def close_code(self, seconds: float = 20) -> int:
        """What the server closes with; frames before it are kept."""
        try:
            while True:
                await self.receive(seconds)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "closed without a code"
            return closed.rcvd.code


@asynccontextmanager
async def open_api(center: Center, folder: Path, **changed: Any) -> AsyncIterator[Api]:
    settings = Settings(data_dir=folder, database_url=center.api.url, **changed)
    async with AsyncExitStack() as stack:
        container = await stack.enter_async_context(open_container(settings))
        listener = socket.create_server(("127.0.0.1", 0))
        stack.callback(listener.close)
        server = server_of(create_app(container), settings)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            await eventually(lambda: server.started or serving.done())
            yield Api(container, server, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving
