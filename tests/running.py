"""A whole running service for tests: the supervisor with its real api and worker processes, on a database of
its own, with the small exchange as telephone platform. Each test takes a lane: a queue and an agent that
nobody else uses."""

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
import yaml

from app import pages
from app.settings import Settings
from app.setup.apply import apply
from app.setup.document import load
from app.supervisor import COMMANDS, Supervisor
from demo.desk_client import DeskClient, desktop
from demo.inbox import Inbox
from demo.pbx.exchange import Exchange, create_exchange_app
from demo.pbx.switch import Device, PhoneCall
from demo.telephones import CtiLine, Telephones, telephone_routes
from tests.partitions import all_taken
from tests.ports import free_port
from tests.waiting import eventually

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests' exchange").decode()
PASSWORD = "a password of tests"
# Argon2id of it with the least work: the product's costs 150 ms for each agent, and at each sign-in.
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$jju3tQOgTDVXBFKiD6eKGA$2m+UtbYANGjnR5LK7bDDnSrdDyV905p5hZDhE7nv1dM"
)
HOTLINE = "+864001000000"
CONNECT_SECONDS = 2


@dataclass
class Lane:
    """One queue with one agent and their device."""

    number: int
    service: "Service"

    @property
    def queue(self) -> str:
        return f"lane-{self.number}"

    @property
    def email(self) -> str:
        return f"agent{self.number}@acme.test"

    @property
    def device(self) -> str:
        return f"sip:{1000 + self.number}"

    def behaves(self, device: Device) -> None:
        self.service.exchange.switch.devices[self.device] = device

    def call(self, caller: str | None = "+8613800138000", **data: Any) -> PhoneCall:
        """A customer dials this lane's queue."""
        return self.service.exchange.switch.call(caller, HOTLINE, queue=self.queue, **data)

    @asynccontextmanager
    async def desktop(self, *, available: bool = True, email: str | None = None) -> AsyncIterator["Desktop"]:
        """The agent (or whose `email` it is) at work."""
        async with desktop(self.service.url, "acme", email or self.email, PASSWORD) as client:
            if available:
                await client.be("available")
            async with Desktop(client).reading() as desk:
                yield desk


@dataclass
class Desktop:
    """Remembers every pushed event; shows each offer at once, as a browser does."""

    client: DeskClient
    events: list[dict[str, Any]] = field(default_factory=list)
    shows: bool = True

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["Desktop"]:
        task = asyncio.create_task(self._read())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def offer(self, interaction_id: str | None = None, seconds: float = 10) -> dict[str, Any]:
        """The next open offer (of that interaction)."""
        return await self.pushed(
            "offer.created", lambda data: interaction_id in (None, data["interaction_id"]), seconds
        )

    async def pushed(
        self, name: str, fits: Callable[[dict[str, Any]], bool] = lambda data: True, seconds: float = 10
    ) -> dict[str, Any]:
        """The newest event of that name that fits, waiting for it."""

        def found() -> dict[str, Any] | None:
            hits = [e["data"] for e in reversed(self.events) if e["name"] == name and fits(e["data"])]
            return hits[0] if hits else None

        event = await eventually(found, seconds=seconds)
        assert event is not None
        return event

    async def interaction(self, interaction_id: str) -> dict[str, Any]:
        answer = await self.client.http.get(f"/v1/interactions/{interaction_id}")
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    async def becomes(self, interaction_id: str, state: str, seconds: float = 10) -> dict[str, Any]:
        """The interaction, once it is in that state."""

        async def found() -> dict[str, Any] | None:
            seen = await self.interaction(interaction_id)
            return seen if seen["state"] == state else None

        seen = await eventually(found, seconds=seconds)
        assert seen is not None
        return seen

    async def me(self) -> dict[str, Any]:
        body: dict[str, Any] = (await self.client.http.get("/v1/me")).json()
        return body

    async def _read(self) -> None:
        async for frame in self.client.frames():
            if frame["type"] != "event":
                continue
            self.events.append(frame)
            if frame["name"] == "offer.created" and self.shows:
                await self.client.shown(frame["data"]["offer_id"])


@dataclass
class Service:
    """The running whole. `lane()` hands out unused lanes; `exchange_url` has the demo's pages too."""

    supervisor: Supervisor
    exchange: Exchange
    exchange_url: str
    inbox: Inbox
    endpoints: dict[str, dict[str, str]]
    settings: Settings
    lanes: int
    _taken: int = 0

    @property
    def url(self) -> str:
        return self.supervisor.url

    def lane(self) -> Lane:
        self._taken += 1
        assert self._taken <= self.lanes, "give the service more lanes"
        return Lane(self._taken, self)


def setup_document(lanes: int, exchange_port: int, sink_port: int) -> dict[str, Any]:
    """A tenant `acme` with so many lanes, a hotline, a chat, a mailbox and a form."""
    numbers = range(1, lanes + 1)
    return {
        "tenant": {"key": "acme", "name": "Acme", "time_zone": "Asia/Shanghai"},
        "outbound_allow": ["127.0.0.0/8"],
        "break_codes": ["lunch"],
        "tiers": [
            {"key": "platinum", "head_start_seconds": 600},
            {"key": "standard", "default": True},
        ],
        "teams": [{"key": f"team-{n}"} for n in numbers],
        "agents": [
            {
                "email": f"agent{n}@acme.test",
                "name": f"Agent {n}",
                "teams": [f"team-{n}"],
                "devices": [{"endpoint": "hotline", "address": f"sip:{1000 + n}"}],
            }
            for n in numbers
        ]
        + [{"email": "boss@acme.test", "roles": ["supervisor", "admin"]}],
        "queues": [
            {
                "key": f"lane-{n}",
                "teams": [{"key": f"team-{n}"}],
                "channels": {"voice": {"offer_seconds": 20, "connect_seconds": CONNECT_SECONDS}},
                "wrap_up": {"mode": "optional", "dispositions": ["solved", "other"]},
                "callback": {"digits": "1"},
            }
            for n in numbers
        ],
        "endpoints": [
            {
                "key": "hotline",
                "adapter": "cti",
                "queue": "lane-1",
                "config": {"secret": SECRET, "command_url": f"http://127.0.0.1:{exchange_port}/cti"},
            },
            {"key": "watched", "adapter": "cti", "queue": "lane-1", "config": {"secret": SECRET}},
            {"key": "site-chat", "adapter": "chat", "queue": "lane-1", "config": {"allowed_origins": ["*"]}},
            {
                "key": "support-mail",
                "adapter": "email",
                "queue": "lane-1",
                "config": {
                    "address": "support@acme.test",
                    "smtp": {"host": "127.0.0.1", "port": sink_port, "tls": "none"},
                },
            },
            {"key": "contact-form", "adapter": "form", "queue": "lane-1", "config": {}},
        ],
    }


@asynccontextmanager
async def running(
    database_url: str | None,
    folder: Path,
    *,
    lanes: int = 30,
    children: Collection[str] = tuple(COMMANDS),
    shape: Callable[[dict[str, Any]], None] = lambda document: None,
    **knobs: Any,
) -> AsyncIterator[Service]:
    """Start everything; nothing is left at the end. Without `database_url` the service has a database of its
    own. `shape` may change the set-up, `children` are the processes that are kept running."""
    async with AsyncExitStack() as stack:
        exchange = Exchange(answer_seconds=0.05)
        port = await stack.enter_async_context(_serving(exchange))
        exchange.switch.recordings_url = f"http://127.0.0.1:{port}/recordings/{{call}}.wav"
        inbox = Inbox()
        mails = inbox.serve(free_port())
        stack.callback(mails.stop)
        places = {"port": 0, "smtp_port": free_port()}
        settings = Settings(data_dir=folder, database_url=database_url, **{**places, **knobs})
        supervisor = Supervisor(settings, {child: COMMANDS[child] for child in children})
        stack.push_async_callback(supervisor.stop)
        await supervisor.start()
        settings = settings.model_copy(update={"database_url": supervisor.database_url})
        document = setup_document(lanes, port, mails.port)
        shape(document)
        path = folder / "setup.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        applied = await apply(settings, load(path, os.environ))
        await _give_passwords(supervisor.database_url)
        if "worker" in children and settings.kafka_bootstrap_servers is None:
            await all_taken(supervisor.database_url)
        exchange.connect(f"{supervisor.url}{applied.endpoints['hotline']['path']}", SECRET)
        phones = f"http://127.0.0.1:{port}"
        yield Service(supervisor, exchange, phones, inbox, applied.endpoints, settings, lanes)


async def _give_passwords(database_url: str) -> None:
    """PASSWORD for everybody."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute("UPDATE agent SET password_hash = $1", PASSWORD_HASH)
    finally:
        await owner.close()


@asynccontextmanager
async def _serving(exchange: Exchange) -> AsyncIterator[int]:
    app = create_exchange_app(exchange)
    app.include_router(telephone_routes(Telephones([CtiLine(exchange.switch, HOTLINE)])))
    pages.install(app)
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        await exchange.close()
