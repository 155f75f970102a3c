"""A listener and an adapter at a fake exchange, with a door that remembers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from app.clock import new_id
from app.outbound import outbound_client
from channels.ari import AriAdapter, AriConfig
from channels.ari.listener import AriListener
from channels.base import CallCommand
from channels.steps import run_steps
from channels.transport import NetworkTransport
from tests.platforms.ari import PASSWORD, USERNAME, Asterisk, serving
from tests.platforms.ari.door import LOOPBACK, MemoryDoor
from tests.platforms.ari.server import Server
from tests.waiting import eventually


@dataclass
class Desk:
    """An exchange, our adapter for it, and what its listener has published."""

    asterisk: Asterisk
    server: Server
    adapter: AriAdapter
    listener: AriListener
    door: MemoryDoor
    transport: NetworkTransport
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def listen(self) -> "asyncio.Task[None]":
        task = asyncio.create_task(self.listener.listen(self.door))
        self.tasks.append(task)
        before = len(self.snapshots)
        await eventually(lambda: len(self.snapshots) > before or task.done())
        if task.done():
            await task
        return task

    @property
    def snapshots(self) -> list[Any]:
        return [event for event in self.door.published if type(event).__name__ == "CallsSnapshot"]

    async def order(self, command: str, call_id: str | None, known: UUID | None = None, **said: Any) -> Any:
        now = datetime.now(UTC)
        order = CallCommand(command, known or new_id(), call_id, now, now + timedelta(seconds=5), said)
        exchange = partial(self.transport.exchange, allowed=LOOPBACK, seconds=2)
        return await run_steps(self.adapter.carry_out(order), exchange)

    async def told(self, call_id: str, *names: str) -> None:
        """Exactly these events, in this order."""
        await eventually(lambda: len(self.door.names(call_id)) >= len(names), seconds=5)
        assert self.door.names(call_id) == list(names)

    async def hears_of(self, call_id: str, *names: str) -> None:
        """Among others these events."""
        await eventually(lambda: set(names) <= set(self.door.names(call_id)), seconds=5)

    async def talking(self, *args: str) -> tuple[str, UUID]:
        """A call that an agent has; its id and that of the order which made the agent's leg."""
        call, route = self.asterisk.call("+8613800138000", *args), new_id()
        await eventually(lambda: self.asterisk.hears(call) == "music")
        await self.order("call.route", call, route, to="sip:1001", confirm_key=False)
        await eventually(lambda: "CallBridged agent" in self.door.names(call))
        return call, route


@asynccontextmanager
async def opened(**config: Any) -> AsyncIterator[Desk]:
    asterisk = Asterisk()
    async with serving(asterisk) as server, outbound_client() as http:
        given = {
            "url": server.url,
            "username": USERNAME,
            "password": PASSWORD,
            "numbers": "PJSIP/{number}@out",
        }
        adapter = AriAdapter(AriConfig.model_validate(given | config))
        desk = Desk(asterisk, server, adapter, AriListener(adapter), MemoryDoor(), NetworkTransport(http))
        try:
            yield desk
        finally:
            for task in desk.tasks:
                task.cancel()
            await asyncio.gather(*desk.tasks, return_exceptions=True)
