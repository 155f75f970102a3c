"""Customers who call, chat, write mails and fill in forms, and do not give up: what was not acknowledged is
sent again as it was, as real senders do."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from uuid import uuid4

import aiosmtplib
import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from demo.pbx.switch import CallState
from tests.crash.ledger import Ledger, new_text
from tests.running import HOTLINE, Service
from tests.waiting import eventually

RETRY_SECONDS = 0.3
ANSWER_SECONDS = 30.0
CALL_MAX_SECONDS = 30.0
AWAY = (OSError, httpx.HTTPError, WebSocketException, aiosmtplib.SMTPException, TimeoutError)


class Customers:
    """Each method is one customer's whole visit. `chance` is seeded."""

    def __init__(self, service: Service, ledger: Ledger, chance: random.Random) -> None:
        self.service, self.ledger, self.chance = service, ledger, chance
        self._http = httpx.AsyncClient(base_url=service.url, timeout=ANSWER_SECONDS, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    def somebody(self) -> Coroutine[Any, Any, None]:
        """The next customer, on whatever channel."""
        visits: list[Callable[[], Coroutine[Any, Any, None]]] = [self.call, self.chat, self.mail, self.form]
        return self.chance.choices(visits, (45, 25, 18, 12))[0]()

    async def call(self) -> None:
        """Waits with more or less patience; talks until either side hangs up."""
        switch, chance = self.service.exchange.switch, self.chance
        patience, talk = chance.choice((0.05, 1.0, 4.0, 20.0)), chance.choice((0.3, 1.5, CALL_MAX_SECONDS))
        call = switch.call(None if chance.random() < 0.1 else self._number(), HOTLINE)
        with suppress(AssertionError):
            await eventually(lambda: call.state in (CallState.CONNECTED, CallState.ENDED), seconds=patience)
        if call.state == CallState.CONNECTED:
            with suppress(AssertionError):
                await eventually(lambda: call.state == CallState.ENDED, seconds=talk)
        switch.hang_up(call.id)

    async def form(self) -> None:
        text = new_text("form")
        key = {"idempotency-key": uuid4().hex}
        body = {"email": self._mailbox(), "subject": "A question", "text": text}
        path = f"/forms/{self.service.endpoints['contact-form']['id']}"

        async def submit() -> bool:
            answer = await self._http.post(path, json=body, headers=key)
            self._note_refusal(answer.status_code, answer.text)
            return answer.status_code == 202

        await self._insist(submit)
        self.ledger.texts.add(text)

    async def mail(self) -> None:
        text, sender = new_text("mail"), self._mailbox()
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, "support@acme.test", "A question"
        message["Message-ID"], message["Date"] = (
            make_msgid(domain="customer.test"),
            format_datetime(datetime.now(UTC)),
        )
        message.set_content(text)
        port = self.service.settings.smtp_port

        async def send() -> bool:
            await aiosmtplib.send(message, hostname="127.0.0.1", port=port, timeout=ANSWER_SECONDS)
            return True

        await self._insist(send)
        self.ledger.texts.add(text)

    async def chat(self) -> None:
        """Writes a few messages, reads what comes, and leaves."""
        visitor = Visitor(self.service.url, self.service.endpoints["site-chat"]["id"], self.ledger)
        for _ in range(self.chance.randint(1, 4)):
            text = new_text("chat")
            await self._insist(lambda text=text: visitor.write(text))  # type: ignore[misc]
            self.ledger.texts.add(text)
            await visitor.read_for(self.chance.uniform(0, 1))
        await visitor.leave()

    def _number(self) -> str:
        return f"+86138{self.chance.randrange(200):08d}"

    def _mailbox(self) -> str:
        return f"customer{self.chance.randrange(200)}@customer.test"

    def _note_refusal(self, status: int, said: str) -> None:
        if status >= 400 and status != 503:
            self.ledger.refused.append(f"{status} {said[:200]}")

    async def _insist(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Until it is acknowledged."""
        while True:
            try:
                if await attempt():
                    return
            except AWAY:
                pass
            await asyncio.sleep(RETRY_SECONDS)


class Visitor:
    """A chat window that connects again by itself, with the token that it was given."""

    def __init__(self, url: str, endpoint_id: str, ledger: Ledger) -> None:
        self._url = f"{url.replace('http', 'ws', 1)}/chat/{endpoint_id}"
        self._ledger = ledger
        self._token: str | None = None
        self._socket: ClientConnection | None = None

    async def write(self, text: str) -> bool:
        """True once it is accepted. The text is its own `client_message_id`."""
        socket = await self._connected()
        await self._send({"type": "message", "client_message_id": text, "text": text})
        async with self._losing(socket), asyncio.timeout(ANSWER_SECONDS):
            while True:
                frame = await self._frame(socket)
                if frame["type"] in ("accepted", "error") and frame.get("client_message_id") == text:
                    return bool(frame["type"] == "accepted")

    async def read_for(self, seconds: float) -> None:
        """Acknowledge what comes."""
        try:
            async with asyncio.timeout(seconds):
                socket = await self._connected()
                while True:
                    await self._frame(socket)
        except AWAY:
            return

    async def leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def _connected(self) -> ClientConnection:
        if self._socket is None:
            socket = await connect(self._url, proxy=None, open_timeout=ANSWER_SECONDS)
            async with self._losing(socket), asyncio.timeout(ANSWER_SECONDS):
                self._socket = socket
                await self._send({"type": "hello", "visitor_token": self._token, "after": None})
                welcome = orjson.loads(await socket.recv())
                assert welcome["type"] == "welcome", welcome
                self._token = welcome["visitor_token"]
        assert self._socket is not None
        return self._socket

    async def _frame(self, socket: ClientConnection) -> dict[str, Any]:
        frame: dict[str, Any] = orjson.loads(await socket.recv())
        if frame["type"] == "message":
            await self._send({"type": "received", "touch_id": frame["touch"]["id"]})
        return frame

    async def _send(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None
        try:
            await self._socket.send(orjson.dumps(frame).decode())
        except WebSocketException:
            self._socket = None
            raise

    @asynccontextmanager
    async def _losing(self, socket: ClientConnection) -> AsyncIterator[None]:
        """After any failure the next attempt has a new socket."""
        try:
            yield
        except BaseException:
            self._socket = None
            socket.transport.abort()
            raise
