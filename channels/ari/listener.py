"""The one WebSocket of an Asterisk application: what it tells goes into the log, then what has to be done at
once is done. Whoever connects second takes over, so only the holder of the endpoint's lease listens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Final
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect

from app.errors import ChannelError
from app.events import UnknownReceived
from app.outbound import outbound_client
from channels.ari.adapter import AriAdapter
from channels.ari.commands import RE_READ
from channels.ari.payload import read_frame
from channels.ari.reactions import Reaction
from channels.ari.reading import compare, look
from channels.ari.switchboard import Switchboard, Told
from channels.ari.wire import NotRead
from channels.listening import ListenerDoor
from channels.steps import Exchange, run_steps
from channels.transport import NetworkTransport, NotAllowed, NotReached, connected

log = structlog.get_logger()

HTTP_SECONDS: Final = 5.0
ALIVE_SECONDS: Final = 5.0
"""Asterisk is pinged so often; no answer for as long: the line is dead."""

FRAMES_MAX: Final = 10_000
"""Unread events, while the log is slow. More are left with Asterisk."""

REPLACED: Final = "ApplicationReplaced"


class Replaced(ChannelError):
    """Somebody else listens."""


class AriListener:
    """Knows the live calls from one connection to the next: what ended in between is told at once."""

    rest_max_seconds: ClassVar[float] = 5.0  # callers stand before the door meanwhile

    def __init__(self, adapter: AriAdapter) -> None:
        self._adapter = adapter
        self._board = adapter.switchboard()
        self._replaced = False

    async def listen(self, door: ListenerDoor) -> None:
        """Raises Replaced, at each attempt: to take the application back would be a fight in which callers
        fall to either side by chance. Whoever has the lease next, or a restart, connects anew."""
        if self._replaced:
            raise self._lost()
        config = self._adapter.config
        async with outbound_client() as http, self._connected(door) as socket:
            transport = NetworkTransport(http)
            exchange = partial(transport.exchange, allowed=door.allowed, seconds=HTTP_SECONDS)
            log.info("listening to Asterisk", app=config.app, url=str(config.url))
            try:
                await _Session(self._adapter, self._board, door, exchange, socket).run()
            except ExceptionGroup as several:
                raise several.exceptions[0] from None
        self._replaced = True
        raise self._lost()

    def _lost(self) -> Replaced:
        return Replaced(f"another WebSocket has the application {self._adapter.config.app} now")

    @asynccontextmanager
    async def _connected(self, door: ListenerDoor) -> AsyncIterator[ClientConnection]:
        """To the address that was checked. Raises NotReached, NotAllowed."""
        config, ari = self._adapter.config, self._adapter.ari
        place = urlsplit(str(config.url))
        assert place.hostname is not None
        port = place.port or (443 if place.scheme == "https" else 80)
        line = await connected(place.hostname, port, door.allowed)
        connecting = connect(
            ari.events(config.app),
            sock=line,
            additional_headers=ari.authorization,
            proxy=None,
            compression=None,
            ping_interval=ALIVE_SECONDS,
            ping_timeout=ALIVE_SECONDS,
        )
        async with connecting as socket:
            yield socket


class _Session:
    """One connection. Reactions of one call are done one after the other, those of several side by side."""

    def __init__(
        self,
        adapter: AriAdapter,
        board: Switchboard,
        door: ListenerDoor,
        exchange: Exchange,
        socket: ClientConnection,
    ) -> None:
        self._adapter, self._board, self._door = adapter, board, door
        self._exchange, self._socket = exchange, socket
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(FRAMES_MAX)
        self._last: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until the line breaks, which is raised; or until somebody else has the application."""
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(self._receive())
            await self._prepare()
            await self._re_read(tasks)
            while await self._take(await self._waiting_frames(), tasks):
                pass
            receiving.cancel()

    async def _receive(self) -> None:
        while True:
            await self._frames.put(await self._socket.recv(decode=False))

    async def _waiting_frames(self) -> list[bytes]:
        """All that have come; at least one."""
        frames = [await self._frames.get()]
        while not self._frames.empty():
            frames.append(self._frames.get_nowait())
        return frames

    async def _prepare(self) -> None:
        """The waiting rooms, gone if Asterisk has been restarted."""
        for bridge in (self._board.waiting, self._board.held):
            made = await run_steps(self._adapter.moves.make(bridge), self._exchange)
            if made.status in (401, 403):
                raise NotRead("this user of Asterisk may not write: read_only = no is needed")

    async def _re_read(self, tasks: asyncio.TaskGroup) -> None:
        seen = await run_steps(look(self._adapter.ari, self._adapter.config.app), self._exchange)
        await self._act_on(compare(self._board, seen, datetime.now(UTC)), tasks)

    async def _take(self, frames: Sequence[bytes], tasks: asyncio.TaskGroup) -> bool:
        """False: the application is somebody else's now."""
        told, asked = Told(), False
        for frame in frames:
            event = read_frame(frame)
            if isinstance(event, UnknownReceived):
                told.events.append(event)
            elif event is not None and event.type == REPLACED:
                await self._act_on(told, tasks)
                return False
            elif event is not None:
                asked |= event.type == "ChannelUserevent" and event.eventname == RE_READ
                heard = self._board.hear(event)
                told.events += heard.events
                told.reactions += heard.reactions
        await self._act_on(told, tasks)
        if asked:
            await self._re_read(tasks)
        return True

    async def _act_on(self, told: Told, tasks: asyncio.TaskGroup) -> None:
        """First it is durable, then it has consequences."""
        if told.events:
            await self._door.publish(told.events)
        for call_id, reaction in told.reactions:
            task = tasks.create_task(self._react(call_id, reaction, self._last.get(call_id)))
            self._last[call_id] = task
            task.add_done_callback(partial(self._reacted, call_id))

    async def _react(self, call_id: str, reaction: Reaction, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            events = await run_steps(reaction, self._exchange)
        except (NotReached, NotAllowed, ChannelError) as error:
            log.warning("Asterisk does not do what a call needs", call_id=call_id, error=str(error))
        else:
            if events:
                await self._door.publish(events)

    def _reacted(self, call_id: str, task: asyncio.Task[None]) -> None:
        if self._last.get(call_id) is task:
            del self._last[call_id]
