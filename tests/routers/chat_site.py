"""Two real api processes for chat visitors, with a real log and intake behind them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.bus.consumer import ConsumerRunner
from app.clock import new_id
from app.container import Container, open_container
from app.database import WORKER_ROLE, Database
from app.main import create_app, server_of
from app.settings import Settings
from app.setup.apply import apply
from app.setup.document import load
from app.worker import consumers
from channels.email.parser import MailParser
from interactions.agents.visitors import address_of
from interactions.life.desk import Desk
from interactions.touches.touches import Written, write
from models.customer import ContactAddress
from models.touch import Touch
from tests.waiting import eventually

SETUP = """
tenant: {key: acme}
teams: [{key: support}]
agents: [{email: li@acme.test, name: Li, teams: [support]}]
queues: [{key: billing, teams: [{key: support}]}]
endpoints:
  - {key: site-chat, adapter: chat, queue: billing, config: {allowed_origins: ["https://shop.example"]}}
  - {key: other-chat, adapter: chat, queue: billing, config: {allowed_origins: ["*"]}}
  - key: members-chat
    adapter: chat
    queue: billing
    config:
      identity_secret: "a secret that only the site and we know"
      allowed_origins: ["https://shop.example"]
      greeting: {en: "Hello!", zh-CN: "您好！"}
      pre_chat: [name, question]
      offline_form: contact-form
  - {key: contact-form, adapter: form, queue: billing}
"""
IDENTITY_SECRET = "a secret that only the site and we know"


@dataclass
class Site:
    """Two api processes and the worker's consumers, in this process."""

    containers: Sequence[Container]
    ports: Sequence[int]
    tenant_id: UUID
    endpoint_id: UUID
    other_id: UUID
    members_id: UUID
    owner: Database

    @asynccontextmanager
    async def visitor(
        self,
        token: str | None = None,
        *,
        at: int = 0,
        after: str | None = None,
        identity: Any = None,
        **options: Any,
    ) -> AsyncIterator["Visitor"]:
        """A window that has said hello, at process `at`."""
        url = f"ws://127.0.0.1:{self.ports[at]}/chat/{options.pop('endpoint', self.endpoint_id)}"
        async with connect(url, **options) as connection:
            visitor = Visitor(connection)
            hello = {"type": "hello", "visitor_token": token, "after": after, "name": "王芳"}
            await visitor.send({**hello, "identity": identity})
            visitor.welcome = await visitor.frame("welcome")
            yield visitor

    async def rows(self, query: str) -> list[Any]:
        async with self.owner.read() as session:
            return list((await session.execute(text(query))).all())

    async def staff(self, handle_seconds: float) -> None:
        """Li is there, and a chat is expected to take so long. The router is not told of li."""
        async with self.containers[0].database.transaction(self.tenant_id) as session:
            await session.execute(text("UPDATE agent SET presence = 'available'"))
        settings, rules = self.containers[0].settings, f"expected_handle_seconds: {handle_seconds}"
        path = settings.data_dir / "SETUP.yaml"
        path.write_text(SETUP.replace("key: billing,", f"key: billing, channels: {{chat: {{{rules}}}}},"))
        await apply(settings, load(path))

    async def write_to(
        self, visitor_id: UUID, words: str, direction: str = "outbound", **payload: Any
    ) -> None:
        """What an agent's reply, or an internal note, leaves on the timeline."""
        async with self.containers[1].database.transaction(self.tenant_id) as session:
            (row,) = (
                await session.execute(
                    text("SELECT id FROM interaction WHERE conversation = :v"), {"v": str(visitor_id)}
                )
            ).all()
            desk, work = await Desk.one(session, self.tenant_id, row.id)
            address = address_of(visitor_id)
            held = await ContactAddress.hold(session, self.tenant_id, {address: None})
            touch = Touch(
                tenant_id=self.tenant_id,
                id=new_id(),
                address_id=held[address].id,
                endpoint_id=self.endpoint_id,
                at=desk.now,
                direction=direction,
                kind="message" if direction == "outbound" else "note",
                channel="chat",
                text=words,
                payload=payload,
                attachments=[],
                delivery_hops=[],
                version=1,
                author={"type": "agent", "id": str(new_id()), "name": "李雷"},
                delivery_state="pending",
            )
            touch.provider_id = str(touch.id)
            shown_to = visitor_id if direction == "outbound" else None
            await write(session, [Written(touch, address, work, shown_to)], desk.now)


@dataclass
class Visitor:
    connection: ClientConnection
    welcome: dict[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> str:
        token: str = self.welcome["visitor_token"]
        return token

    async def send(self, frame: Any) -> None:
        await self.connection.send(frame if isinstance(frame, str | bytes) else orjson.dumps(frame).decode())

    async def frame(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """The next frame of this type."""
        async with asyncio.timeout(seconds):
            while True:
                frame: dict[str, Any] = orjson.loads(await self.connection.recv())
                if frame["type"] == kind:
                    return frame

    async def hears_of_wait(self, seconds: int) -> list[Any]:
        """What it is told about its wait, until it is this."""
        heard: list[Any] = []
        while seconds not in heard:
            heard.append((await self.frame("queue"))["estimated_wait_seconds"])
        return heard

    async def say(self, words: str, id_: str = "m1", **more: Any) -> dict[str, Any]:
        await self.send({"type": "message", "client_message_id": id_, "text": words, **more})
        async with asyncio.timeout(10):
            while True:
                frame: dict[str, Any] = orjson.loads(await self.connection.recv())
                if frame["type"] in ("accepted", "error"):
                    return frame

    async def close_code(self) -> int:
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(10):
                while True:
                    await self.connection.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code


@asynccontextmanager
async def open_site(database_url: str, folder: Path) -> AsyncIterator[Site]:
    settings = Settings(data_dir=folder, database_url=database_url, authenticate_seconds=1)
    (folder / "SETUP.yaml").write_text(SETUP)
    applied = await apply(settings, load(folder / "SETUP.yaml"))
    ids = {key: UUID(endpoint["id"]) for key, endpoint in applied.endpoints.items()}
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(open_container(settings, WORKER_ROLE))
        parser = await stack.enter_async_context(MailParser())
        for consumer in consumers(worker, parser):
            runner = ConsumerRunner(worker.database, worker.bus, consumer, worker.cipher)
            await runner.start()
            stack.push_async_callback(runner.stop)
        opened = [await stack.enter_async_context(_open_api(settings)) for _ in range(2)]
        owner = Database(database_url, pooled=False)
        containers, ports = [api[0] for api in opened], [api[1] for api in opened]
        yield Site(
            containers,
            ports,
            applied.tenant_id,
            ids["site-chat"],
            ids["other-chat"],
            ids["members-chat"],
            owner,
        )


@asynccontextmanager
async def _open_api(settings: Settings) -> AsyncIterator[tuple[Container, int]]:
    async with open_container(settings) as container:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = server_of(create_app(container), settings)
            serving = asyncio.create_task(server.serve([listener]))
            try:
                await eventually(lambda: server.started)
                yield container, listener.getsockname()[1]
            finally:
                server.should_exit = True
                await serving
