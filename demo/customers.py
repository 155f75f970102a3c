"""Played customers: they call, chat, text, write mails and fill the form, each with their own patience."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from uuid import uuid4

import aiosmtplib
import httpx
import orjson
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from demo import shop
from demo.messengers.phones import Phones
from demo.pbx.switch import CallState
from demo.people import Person
from demo.telephones import Telephones
from demo.twilio import FakeTwilio

log = structlog.get_logger()

CHATS = (
    "你好，我想查一下订单。",
    "Hello, where is my parcel?",
    "请问可以换货吗？",
    "Does the mixer come with a cover?",
)
TEXTS = (
    "我的订单到哪里了？",
    "Is my order on its way?",
    "可以改收货地址吗？",
    "Can I still change the colour?",
)
MAILS = (("Invoice", "Please send me the invoice again."), ("发票", "请重开发票，抬头写错了。"))
FORMS = (("Oven does not heat", "It stays cold since yesterday."), ("咖啡机漏水", "底部一直滴水。"))


class PlayedCustomers:
    """Traffic for a living wallboard. `every_seconds`: the mean time between two contacts."""

    def __init__(
        self,
        everybody: list[Person],
        telephones: Telephones,
        doors: "Doors",
        phones: Phones,
        twilio: FakeTwilio,
        *,
        every_seconds: float = 9.0,
    ) -> None:
        self.everybody, self.telephones, self.doors, self.phones = everybody, telephones, doors, phones
        self.twilio, self.every_seconds = twilio, every_seconds
        self.coming = True
        self.chance = random.Random(7)  # noqa: S311 - not a secret
        self._contacts: set[asyncio.Task[None]] = set()

    def come(self, coming: bool) -> None:
        """Or stay away; then those who are here leave too."""
        self.coming = coming
        if not coming:
            for contact in self._contacts:
                contact.cancel()

    async def run(self) -> None:
        """One contact after the other, at random times, for ever; none while nobody is `coming`."""
        kinds: tuple[Callable[[Person], Awaitable[None]], ...] = (
            self._call,
            self._chat,
            self._text,
            self._mail,
            self._form,
            self._send_sms,
        )
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / self.every_seconds))
            if not self.coming:
                continue
            kind = self.chance.choices(kinds, (7, 4, 2, 2, 1, 1))[0]
            task = asyncio.create_task(_unless_gone(kind(self.chance.choice(self.everybody[1:]))))
            self._contacts.add(task)
            task.add_done_callback(self._contacts.discard)

    async def _call(self, person: Person) -> None:
        """To one of our numbers. Who waits too long gives up."""
        line = self.chance.choice(self.telephones.lines)
        withheld = self.chance.random() < 0.05
        call = line.call(None if withheld else person.phone)
        try:
            await asyncio.sleep(self.chance.uniform(20, 90))
            heard = line.heard(call)
            if heard is not None and heard.state in (CallState.CONNECTED, CallState.HELD):
                await asyncio.sleep(self.chance.uniform(15, 70))
        finally:
            line.hang_up(call)

    async def _send_sms(self, person: Person) -> None:
        self.twilio.messages.write(person.phone, self.chance.choice(TEXTS))

    async def _chat(self, person: Person) -> None:
        url = self.doors.chat_url
        async with connect(url, origin=Origin("http://localhost"), proxy=None) as socket:
            hello = {"type": "hello", "visitor_token": None, "identity": self.doors.identity(person)}
            await socket.send(orjson.dumps(hello).decode())
            await socket.recv()
            for text in (self.chance.choice(CHATS), "谢谢！" if person.language == "zh-CN" else "Thank you!"):
                message = {"type": "message", "client_message_id": str(uuid4()), "text": text}
                await socket.send(orjson.dumps(message).decode())
                await self._read(socket, self.chance.uniform(25, 60))

    async def _read(self, socket: object, seconds: float) -> None:
        """Acknowledge what the agent writes."""
        try:
            async with asyncio.timeout(seconds):
                async for frame in socket:  # type: ignore[attr-defined]
                    told = orjson.loads(frame)
                    if told["type"] == "message":
                        received = {"type": "received", "touch_id": told["touch"]["id"]}
                        await socket.send(orjson.dumps(received).decode())  # type: ignore[attr-defined]
        except TimeoutError:
            return

    async def _text(self, person: Person) -> None:
        """By WhatsApp, WeChat or Pigeon; most thank whoever answers."""
        ways = (self._by_whatsapp, self._by_wechat, self._by_pigeon)
        await self.chance.choice(ways)(person, self.chance.choice(TEXTS))

    async def _by_whatsapp(self, person: Person, text: str) -> None:
        asked = time.time()
        await self.phones.say(person.phone, person.name, text)
        if await self.phones.answered(person.phone, asked, seconds=300):
            await asyncio.sleep(self.chance.uniform(3, 10))
            await self.phones.say(person.phone, person.name, "👍")

    async def _by_wechat(self, person: Person, text: str) -> None:
        if await self.phones.wechat.asks(person, text, seconds=300):
            await asyncio.sleep(self.chance.uniform(3, 10))
            await self.phones.wechat.says(person, "谢谢！")

    async def _by_pigeon(self, person: Person, text: str) -> None:
        await self.phones.pigeon.say(person.phone, person.name, text)

    async def _mail(self, person: Person) -> None:
        subject, text = self.chance.choice(MAILS)
        await self.doors.mail(person.email, subject, text, person.name)

    async def _form(self, person: Person) -> None:
        subject, text = self.chance.choice(FORMS)
        await self.doors.form({"name": person.name, "email": person.email, "subject": subject, "text": text})


class Doors:
    """Where this company can be reached. `secret` signs who its customers are."""

    def __init__(
        self, base_url: str, smtp_port: int, endpoints: dict[str, str], mail_address: str, secret: str
    ) -> None:
        self.base_url, self.smtp_port, self.endpoints = base_url, smtp_port, endpoints
        self.mail_address, self._secret = mail_address, secret

    @property
    def chat_url(self) -> str:
        return f"{self.base_url.replace('http', 'ws', 1)}/chat/{self.endpoints['site-chat']}"

    def identity(self, person: Person) -> str:
        return shop.identity(person, self._secret)

    async def mail(self, sender: str, subject: str, text: str, name: str = "") -> str:
        """Send a mail over SMTP; its Message-ID."""
        message = EmailMessage()
        message["From"] = f'"{name}" <{sender}>' if name else sender
        message["To"], message["Subject"] = self.mail_address, subject
        message["Message-ID"] = f"<{uuid4()}@customer.test>"
        message.set_content(text)
        await aiosmtplib.send(message, hostname="127.0.0.1", port=self.smtp_port, start_tls=False)
        return str(message["Message-ID"])

    async def form(self, fields: dict[str, str]) -> None:
        url = f"{self.base_url}/forms/{self.endpoints['contact-form']}"
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(url, json=fields)).raise_for_status()


async def _unless_gone(contact: Awaitable[None]) -> None:
    try:
        await contact
    except (httpx.HTTPError, WebSocketException, aiosmtplib.SMTPException, OSError) as error:
        log.info("a played customer gave up", error=str(error))
