"""The desktop's stream (API §3): authenticate, ready, then every event that concerns this person, without a
gap. The open socket is what stands behind their presence."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
import structlog
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from app.access import API_KEY_PREFIX, AgentPrincipal, Permission
from app.bus.port import Seen
from app.bus.tail import Following, TooSlow
from app.container import Container
from app.database import OUTAGES
from app.doors.websocket import peer_of
from app.errors import CursorGone, NotFound, Unauthenticated
from app.notifications import TYPING
from app.typing_notice import EVERY_SECONDS, TypingNotice
from interactions.agents import desktop, reading
from interactions.agents.leases import Lease
from interactions.agents.shown import Shown
from interactions.agents.watching import Viewer, told
from routers.deps import Open, api_router, container_of
from routers.me import who_am_i

log = structlog.get_logger()

router = api_router("/v1", Open("the first frame carries the token"), tags=["stream"])

TOKEN_ENDED: Final = 4001
NOT_ALLOWED: Final = 4003
TOO_SLOW: Final = 4008
PROTOCOL_ERROR: Final = 4009
RESTART: Final = 1012

ALIVE: Final = '{"type":"alive"}'
TYPING_MAX: Final = 20
SHOWN_MAX: Final = 100
PLATFORM_EVERY_SECONDS: Final = 20.0
SEND_SECONDS: Final = 5.0
"""A desktop that does not take a frame for so long is too slow."""


class Authenticate(BaseModel):
    type: Literal["authenticate"]
    token: str
    after: str | None = None


class OfferShown(BaseModel):
    type: Literal["offer_shown"]
    offer_id: UUID


class Typing(BaseModel):
    type: Literal["typing"]
    interaction_id: UUID


Frame = Authenticate | OfferShown | Typing
_FRAME: Final[TypeAdapter[Frame]] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


class Closing(Exception):
    """The connection ends with this code; `gone`: the peer has closed it already."""

    def __init__(self, code: int, *, gone: bool = False) -> None:
        super().__init__(code)
        self.code, self.gone = code, gone


@router.websocket("/stream")
async def stream(socket: WebSocket) -> None:
    await DesktopSocket(socket, container_of(socket)).serve()


class DesktopSocket:
    """One connection of one person."""

    _principal: AgentPrincipal
    _viewer: Viewer
    _following: Following

    def __init__(self, socket: WebSocket, container: Container) -> None:
        self._socket, self._container = socket, container
        self._peer = peer_of(socket)
        self._heard_at = time.monotonic()
        self._sending = asyncio.Lock()
        self._typed_at = -EVERY_SECONDS
        self._platform_told_at: dict[UUID, float] = {}
        self._typing_of: asyncio.Queue[UUID] = asyncio.Queue(TYPING_MAX)
        self._now_shown: asyncio.Queue[UUID] = asyncio.Queue(SHOWN_MAX)
        self._n = 0
        self._cursor = ""

    async def serve(self) -> None:
        """Until either side ends it."""
        await self._socket.accept()
        try:
            await self._serve()
        except Closing as closing:
            await self._close(closing)
        except OUTAGES as error:
            log.warning("stream ended", error=repr(error)[:200])
            await self._close(Closing(RESTART))

    async def _serve(self) -> None:
        first = await self._first_frame()
        self._principal = self._read_token(first.token)
        lease = Lease(self._principal.tenant_id, self._principal.id, self._last_heard)
        try:
            await self._container.leases.open(lease)
        except NotFound:
            raise Closing(NOT_ALLOWED) from None
        restarting = False
        try:
            async with self._follow(first.after) as (self._following, resumed):
                await self._ready(resumed)
                await self._run()
        except Closing as closing:
            restarting = closing.code == RESTART
            raise
        finally:
            await self._container.leases.close(lease, restarting=restarting)

    async def _run(self) -> None:
        """Read, write and watch the token; the first that ends, ends all."""
        parts: list[Coroutine[Any, Any, None]] = [self._read(), self._write()]
        parts += [self._watch_token(), self._write_typing(), self._write_alive(), self._confirm_shown()]
        tasks = [asyncio.create_task(part) for part in parts]
        stop_hearing = self._container.notifications.hear(TYPING, self._heard_typing)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            stop_hearing()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- the beginning

    async def _first_frame(self) -> Authenticate:
        try:
            async with asyncio.timeout(self._container.settings.authenticate_seconds):
                first = await self._frame()
        except TimeoutError:
            raise Closing(PROTOCOL_ERROR) from None
        if not isinstance(first, Authenticate):
            raise Closing(PROTOCOL_ERROR)
        return first

    def _read_token(self, token: str) -> AgentPrincipal:
        if token.startswith(API_KEY_PREFIX):
            raise Closing(NOT_ALLOWED)
        try:
            principal = self._container.tokens.read(token)
        except Unauthenticated:
            raise Closing(TOKEN_ENDED) from None
        if Permission.WORK not in principal.permissions:
            raise Closing(NOT_ALLOWED)
        return principal

    @asynccontextmanager
    async def _follow(self, after: str | None) -> AsyncIterator[tuple[Following, bool]]:
        """The events after the cursor, or, where it cannot be resumed, from now on: from before the viewer
        was read, so that nothing changes them unseen."""
        tail, tenant_id = self._container.tail, self._principal.tenant_id
        now = tail.cursor or None
        await self._load_viewer()
        places = self._viewer.places
        async with AsyncExitStack() as stack:
            try:
                following = await stack.enter_async_context(tail.follow(tenant_id, places, after or now))
            except CursorGone:
                following, after = await stack.enter_async_context(tail.follow(tenant_id, places)), None
            yield following, after is not None

    async def _ready(self, resumed: bool) -> None:
        self._cursor = self._following.cursor
        await self._send_ready(None if resumed else await self._snapshot())

    async def _snapshot(self) -> dict[str, Any]:
        """As of now; events that it already holds have no higher version."""
        me, container = self._principal, self._container
        async with container.database.read(me.tenant_id) as session:
            return {
                "me": (await who_am_i(me, session, container)).model_dump(mode="json"),
                "offers": await desktop.open_offers(session, me.id, container.policies),
                "interactions": await desktop.work_of(session, me.id),
            }

    async def _load_viewer(self) -> None:
        me = self._principal
        async with self._container.database.read(me.tenant_id) as session:
            self._viewer = await Viewer.load(session, me.tenant_id, me.id, self._container.policies)

    # ---- what comes

    async def _read(self) -> None:
        while True:
            match await self._frame():
                case Authenticate(token=token):
                    await self._renew(token)
                case OfferShown(offer_id=offer_id):
                    await self._now_shown.put(offer_id)
                case Typing(interaction_id=interaction_id):
                    await self._typing(interaction_id)

    async def _frame(self) -> Frame:
        try:
            text = await self._socket.receive_text()
        except WebSocketDisconnect as gone:
            raise Closing(gone.code, gone=True) from None
        except KeyError:  # a binary frame
            raise Closing(PROTOCOL_ERROR) from None
        self._heard_at = time.monotonic()
        try:
            return _FRAME.validate_json(text)
        except ValidationError:
            raise Closing(PROTOCOL_ERROR) from None

    async def _renew(self, token: str) -> None:
        """A new token of the same person keeps the connection."""
        principal = self._read_token(token)
        if (principal.tenant_id, principal.id) != (self._principal.tenant_id, self._principal.id):
            raise Closing(NOT_ALLOWED)
        self._principal = principal
        await self._load_viewer()
        await self._container.tail.move(self._following, self._viewer.places)
        await self._send_ready(None)

    async def _confirm_shown(self) -> None:
        """Beside what else the desktop says, which need not wait for it."""
        me, confirm = self._principal, self._container.shown.confirm
        while True:
            offers = [await self._now_shown.get()]
            while not self._now_shown.empty():
                offers.append(self._now_shown.get_nowait())
            await asyncio.gather(*(confirm(Shown(me.tenant_id, offer_id, me.id)) for offer_id in offers))

    async def _typing(self, interaction_id: UUID) -> None:
        """The customer sees it; told on every 2 s at most, to their platform every 20 s."""
        if time.monotonic() - self._typed_at >= EVERY_SECONDS:
            self._typed_at = time.monotonic()
            tenant_id = self._principal.tenant_id
            notice = TypingNotice(tenant_id=tenant_id, interaction_id=interaction_id, by="agent")
            await self._container.notifications.tell(TYPING, notice.model_dump_json())
        now, told_at = time.monotonic(), self._platform_told_at.get(interaction_id)
        if told_at is None or now - told_at >= PLATFORM_EVERY_SECONDS:
            self._platform_told_at = {interaction_id: now}
            await self._tell_platform(interaction_id)

    async def _tell_platform(self, interaction_id: UUID) -> None:
        me, container = self._principal, self._container
        try:
            async with container.database.transaction(me.tenant_id) as session:
                await reading.write(session, me, container.endpoints, interaction_id)
        except OUTAGES as error:
            log.warning("typing not told", error=repr(error)[:200])

    async def _watch_token(self) -> None:
        """Ends with the token, unless a new one follows, or with its session."""
        ended = self._container.ended_sessions
        while True:
            left = (self._principal.expires_at - self._container.clock.now()).total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await ended.end_of(self._principal.session_id)
            me = self._principal  # perhaps renewed meanwhile
            if me.session_id in ended or me.expires_at <= self._container.clock.now():
                raise Closing(TOKEN_ENDED)

    def _last_heard(self) -> float:
        return max(self._heard_at, self._peer.heard_at)

    # ---- what goes

    async def _write(self) -> None:
        try:
            while True:
                for seen in await self._following.next():
                    if await self._send_event(seen):
                        await self._move(seen.cursor)
                        break
        except TooSlow:
            raise Closing(TOO_SLOW) from None

    async def _move(self, cursor: str) -> None:
        """Their teams have changed: what comes behind `cursor` is chosen anew."""
        await self._load_viewer()
        try:
            await self._container.tail.move(self._following, self._viewer.places, cursor)
        except CursorGone:
            raise Closing(RESTART) from None

    def _heard_typing(self, payload: str) -> None:
        notice = TypingNotice.read(payload)
        if notice and notice.by == "customer" and self._principal.id in notice.agent_ids:
            with suppress(asyncio.QueueFull):
                self._typing_of.put_nowait(notice.interaction_id)

    async def _write_typing(self) -> None:
        """Outside the numbered events: it is worth nothing a moment later."""
        while True:
            frame = {"type": "typing", "interaction_id": str(await self._typing_of.get())}
            async with self._sending:
                await self._send(orjson.dumps(frame).decode())

    async def _write_alive(self) -> None:
        """Scripts see no pings: without this they could not tell a quiet hour from a dead network."""
        while True:
            await asyncio.sleep(self._container.settings.ping_seconds)
            async with self._sending:
                await self._send(ALIVE)

    async def _send_event(self, seen: Seen) -> bool:
        """Whether it puts the viewer into other teams."""
        event = told(seen.envelope)
        assert event is not None, "what nobody knows is told nowhere"
        async with self._sending:
            self._n, self._cursor = self._n + 1, seen.cursor
            await self._send(event.frame(self._n, seen.cursor))
        return self._viewer.is_outdated_by(event)

    async def _send_ready(self, snapshot: dict[str, Any] | None) -> None:
        async with self._sending:
            ready = {"type": "ready", "cursor": self._cursor, "snapshot": snapshot}
            await self._send(orjson.dumps(ready).decode())

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_text(text)
        except TimeoutError:
            raise Closing(TOO_SLOW) from None
        except WebSocketDisconnect as gone:
            raise Closing(gone.code, gone=True) from None

    async def _close(self, closing: Closing) -> None:
        if closing.code == TOO_SLOW:
            self._peer.drop(TOO_SLOW)
        elif not closing.gone:
            with suppress(WebSocketDisconnect):  # gone meanwhile
                await self._socket.close(closing.code)
