"""`/chat/{endpoint_id}`: a visitor's socket (API §6). Who holds the token is the visitor, at any process."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson
import structlog
from fastapi import WebSocket, WebSocketDisconnect

from app.addresses import email_address
from app.container import Container
from app.database import OUTAGES
from app.doors.websocket import peer_of
from app.endpoints import KnownEndpoint
from app.errors import PoisonEvent, Unavailable
from app.events import (
    Address,
    Attachment,
    DeliveryUpdated,
    Envelope,
    InboundEvent,
    MessageReceived,
    VisitorConnected,
    VisitorDisconnected,
)
from app.hiding.cards import mask_cards
from app.text import clean_line, clean_text
from app.typing_notice import EVERY_SECONDS
from channels.chat import BadIdentity, ChatAdapter
from interactions.agents import visitors
from routers.chat_frames import (
    TEXT_MAX_CHARACTERS,
    Frame,
    Hello,
    Message,
    Read,
    Received,
    Typing,
    read_frame,
)
from routers.chat_visitor import recognise
from routers.deps import Open, api_router, container_of

log = structlog.get_logger()

router = api_router("/chat", Open("visitors bring their own token in the first frame"), tags=["from outside"])

NOT_ALLOWED: Final = 4003
TOO_SLOW: Final = 4008
PROTOCOL_ERROR: Final = 4009
RESTART: Final = 1012

FRAMES_WAITING_MAX: Final = 500
SEND_SECONDS: Final = 5.0


class Closing(Exception):
    """The connection ends with this code; `gone`: the visitor has closed it already."""

    def __init__(self, code: int, *, gone: bool = False) -> None:
        super().__init__(code)
        self.code, self.gone = code, gone


@router.websocket("/{endpoint_id}")
async def chat(socket: WebSocket, endpoint_id: str) -> None:
    await VisitorSocket(socket, container_of(socket)).serve(endpoint_id)


class VisitorSocket:
    """One window of one visitor."""

    _endpoint: KnownEndpoint
    _chat: ChatAdapter
    _visitor_id: UUID

    def __init__(self, socket: WebSocket, container: Container) -> None:
        self._socket, self._container = socket, container
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue(FRAMES_WAITING_MAX)
        self._sent_by_me: set[str] = set()
        self._acknowledgeable: set[tuple[str, str]] = set()
        self._slow = asyncio.Event()
        self._typed_at = -EVERY_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, endpoint_id: str) -> None:
        """Until either side ends it."""
        await self._socket.accept()
        try:
            self._endpoint, self._chat = self._find_endpoint(endpoint_id)
            await self._serve(await self._first_frame())
        except BadIdentity as error:
            await self._turn_away(error)
        except Closing as closing:
            await self._close(closing)
        except OUTAGES as error:
            log.warning("chat ended", error=repr(error)[:200])
            await self._close(Closing(RESTART))

    def push(self, frame: dict[str, Any]) -> None:
        """From the hub. A window that leaves too much waiting is closed."""
        touch = frame.get("touch")
        if touch is not None:
            self._may_be_acknowledged(touch)
        try:
            self._frames.put_nowait(self._stored(touch) or frame)
        except asyncio.QueueFull:
            self._slow.set()

    def _stored(self, touch: dict[str, Any] | None) -> dict[str, Any] | None:
        """Of what this window has sent it lacks the touch's id only, until the touch is changed."""
        if touch is None or touch["version"] > 1 or touch["client_message_id"] not in self._sent_by_me:
            return None
        return {
            "type": "stored",
            "client_message_id": touch["client_message_id"],
            "touch_id": touch["id"],
        }

    async def _serve(self, hello: Hello) -> None:
        visitor = await recognise(self._container, self._endpoint, self._chat, hello)
        self._visitor_id = visitor.id
        hub = self._container.chats
        presence = hub.enter(self._visitor_id, self._endpoint.tenant_id, self, self._reappear)
        try:
            await self._welcome(visitor.token, hello.after)
            await self._publish(self._connected(visitor.name or hello.name, hello.page))
            hub.follow(presence, await self._waiting())
            if presence.told is not None:
                self.push(presence.told.frame())
            await self._run(self._read(), self._write(), self._watch())
        finally:
            if await hub.leave(presence, self):
                await self._say_gone()

    async def _run(self, *parts: Coroutine[Any, Any, None]) -> None:
        """The first part that ends, ends all."""
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- the beginning

    def _find_endpoint(self, endpoint_id: str) -> tuple[KnownEndpoint, ChatAdapter]:
        try:
            endpoint = self._container.endpoints.get(UUID(endpoint_id))
        except ValueError:
            endpoint = None
        if endpoint is None or not isinstance(endpoint.adapter, ChatAdapter):
            raise Closing(NOT_ALLOWED)
        if not endpoint.adapter.allows(self._socket.headers.get("origin")):
            raise Closing(NOT_ALLOWED)
        return endpoint, endpoint.adapter

    async def _first_frame(self) -> Hello:
        try:
            async with asyncio.timeout(self._container.settings.authenticate_seconds):
                first = await self._frame()
        except TimeoutError:
            raise Closing(PROTOCOL_ERROR) from None
        if not isinstance(first, Hello):
            raise Closing(PROTOCOL_ERROR)
        return first

    async def _welcome(self, token: str, after: UUID | None) -> None:
        """The hub tells of new touches already, so nothing falls between history and them."""
        async with self._container.database.read(self._endpoint.tenant_id) as session:
            history = await visitors.history(session, self._visitor_id, after)
        for touch in history:
            self._may_be_acknowledged(touch)
        await self._send({"type": "welcome", "visitor_token": token, "history": history})

    def _may_be_acknowledged(self, touch: dict[str, Any]) -> None:
        if touch["direction"] == "outbound":
            self._acknowledgeable |= {(touch["id"], "delivered"), (touch["id"], "read")}

    async def _waiting(self) -> visitors.Waiting | None:
        async with self._container.database.read(self._endpoint.tenant_id) as session:
            return await visitors.current(session, self._endpoint.id, self._visitor_id)

    # ---- what comes

    async def _read(self) -> None:
        while True:
            match await self._frame():
                case Message() as message:
                    self._typed_at = -EVERY_SECONDS  # the next letter begins another message
                    await self._message(message)
                case Received(touch_id=touch_id):
                    await self._acknowledged(touch_id, "delivered")
                case Read(touch_id=touch_id):
                    await self._acknowledged(touch_id, "read")
                case Typing():
                    await self._typing()
                case Hello():
                    raise Closing(PROTOCOL_ERROR)

    async def _frame(self) -> Frame:
        try:
            text = await self._socket.receive_text()
        except WebSocketDisconnect as gone:
            raise Closing(gone.code, gone=True) from None
        except KeyError:  # a binary frame
            raise Closing(PROTOCOL_ERROR) from None
        try:
            return read_frame(text)
        except ValueError:
            raise Closing(PROTOCOL_ERROR) from None

    async def _message(self, message: Message) -> None:
        answer: dict[str, Any] = {"type": "accepted", "client_message_id": message.client_message_id}
        if code := await self._refusal(message):
            answer = {**answer, "type": "error", "code": code}
        await self._send(answer)

    async def _refusal(self, message: Message) -> str | None:
        """None once the message is durable, else why it is not."""
        if len(message.text) > TEXT_MAX_CHARACTERS:
            return "too-large"
        if not message.text.strip() and not message.attachments:
            return "invalid"
        if message.email and email_address(message.email) is None:
            return "invalid-email"
        if self._container.chatter.take(str(self._visitor_id)):
            return "too-many-requests"
        files = await self._files(message.attachments)
        if files is None:
            return "unknown-attachment"
        self._sent_by_me.add(message.client_message_id)
        try:
            self._container.pressure.check("chat")
            await self._container.bus.publish([self._envelope(self._received_event(message, files))])
        except Unavailable:
            return "unavailable"
        except PoisonEvent:
            return "invalid"
        return None

    async def _files(self, ids: list[UUID]) -> tuple[Attachment, ...] | None:
        if not ids:
            return ()
        async with self._container.database.read(self._endpoint.tenant_id) as session:
            found = await visitors.files_of(session, self._visitor_id, ids)
        if len(found) < len(set(ids)):
            return None
        items = [found[id_] for id_ in dict.fromkeys(ids)]
        return tuple(
            Attachment(id=item["id"], name=item["name"], content_type=item["type"], size=item["size"])
            for item in items
        )

    async def _acknowledged(self, touch_id: UUID, state: Literal["delivered", "read"]) -> None:
        if (told := (str(touch_id), state)) in self._acknowledgeable:
            self._acknowledgeable.discard(told)
            await self._publish(
                DeliveryUpdated(external_id=str(touch_id), state=state, **self._who(self._now()))
            )

    async def _typing(self) -> None:
        now = self._container.clock.monotonic()
        if now - self._typed_at >= EVERY_SECONDS:
            self._typed_at = now
            await self._container.chats.tell_typing(self._visitor_id)

    # ---- what goes

    async def _write(self) -> None:
        while True:
            await self._send(await self._frames.get())

    async def _watch(self) -> None:
        await self._slow.wait()
        raise Closing(TOO_SLOW)

    async def _send(self, frame: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_text(orjson.dumps(frame).decode())
        except TimeoutError:
            raise Closing(TOO_SLOW) from None
        except (WebSocketDisconnect, RuntimeError):
            raise Closing(RESTART, gone=True) from None

    async def _turn_away(self, error: BadIdentity) -> None:
        with suppress(Closing):  # gone meanwhile
            await self._send({"type": "error", "code": error.code, "detail": str(error)})
        await self._close(Closing(NOT_ALLOWED))

    async def _close(self, closing: Closing) -> None:
        if closing.code == TOO_SLOW:
            peer_of(self._socket).drop(TOO_SLOW)
        elif not closing.gone:
            with suppress(WebSocketDisconnect):  # gone meanwhile
                await self._socket.close(closing.code)

    # ---- what intake hears

    def _now(self) -> datetime:
        return self._container.clock.now()

    def _who(self, at: datetime) -> dict[str, Any]:
        address = visitors.address_of(self._visitor_id)
        return {"conversation": str(self._visitor_id), "address": address, "occurred_at": at}

    def _connected(self, name: str | None, page: str | None) -> VisitorConnected:
        name = mask_cards(clean_line(name)) if name else None
        return VisitorConnected(name=name or None, page=page and mask_cards(page), **self._who(self._now()))

    def _received_event(self, message: Message, files: tuple[Attachment, ...]) -> MessageReceived:
        tapped = {} if message.button is None else {"button": {"id": mask_cards(message.button)}}
        return MessageReceived(
            external_id=f"{self._visitor_id}/{message.client_message_id}",
            text=mask_cards(clean_text(message.text)),
            attachments=files,
            payload={"client_message_id": message.client_message_id} | tapped,
            claimed=_claimed(message),
            **self._who(self._now()),
        )

    def _envelope(self, event: InboundEvent) -> Envelope:
        return self._endpoint.envelope(event, self._now())

    async def _publish(self, event: InboundEvent) -> None:
        """A receipt or a coming and going: worth a log line when it cannot be stored, not the socket."""
        try:
            await self._container.bus.publish([self._envelope(event)])
        except (Unavailable, PoisonEvent) as error:
            log.warning("visitor event lost", type=event.type, error=str(error))

    def _reappear(self) -> None:
        """Another process said that the visitor is gone; this window is still open."""
        task = asyncio.create_task(self._publish(VisitorConnected(**self._who(self._now()))))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say_gone(self) -> None:
        await self._publish(VisitorDisconnected(**self._who(self._now())))
        await self._container.chats.tell_gone(self._visitor_id)


def _claimed(message: Message) -> tuple[Address, ...]:
    email = email_address(message.email) if message.email else None
    return () if email is None else (Address(kind="email", value=email),)
