"""Card and identity numbers come by every channel, valid and broken, to a running service; then nothing that
it keeps or writes shows one of them without the tenant's key."""

import random
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import asyncpg
import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from app.embedded import EmbeddedPostgres
from demo.messengers.bridge import Bridge
from demo.messengers.wechat import WechatPlatform
from demo.messengers.wecom import WecomPlatform
from demo.messengers.whatsapp import WhatsApp
from demo.twilio import FakeTwilio
from tests.channels.whatsapp.build import CONFIG
from tests.conftest import clone
from tests.platforms.custom import OfficialPackage
from tests.platforms.twilio import official
from tests.platforms.twilio import serving as twilio_serving
from tests.platforms.weixin import served
from tests.running import HOTLINE, Service, free_port, running
from tests.safety.numbers import SEED, card, grouped, resident
from tests.serving import serving
from tests.waiting import eventually

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOUCHES = 11
DEAD_LETTERS = 2
ACCOUNT, TOKEN, NUMBER = "ACae6e420f425248d6a26948c17a9e2acf", "a token of tests", "+14155550100"
WANG = "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"


class Numbers:
    """Each place has a number of its own, so that a failure names the place."""

    def __init__(self, make: Callable[[random.Random], str]) -> None:
        self._random, self._make = random.Random(SEED), make
        self.of: dict[str, str] = {}

    def new(self, place: str) -> str:
        self.of[place] = self._make(self._random)
        return self.of[place]


async def _by_form(service: Service, new: Numbers) -> None:
    path = f"{service.url}/forms/{service.endpoints['contact-form']['id']}"
    fields = {
        "email": "wang@example.test",
        "name": new.new("form name"),
        "subject": f"Card {grouped(new.new('form subject'), '-')}",
        "text": f"卡号{new.new('form text')}。",
        "card": grouped(new.new("form field"), " "),
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        files = {"file": (f"{new.new('form file name')}.txt", b"hello", "text/plain")}
        assert (await http.post(path, data=fields, files=files)).status_code == 202
        broken = await http.post(path, json={"email": "nobody", "text": new.new("broken form")})
        assert broken.status_code == 422


async def _by_mail(service: Service, new: Numbers) -> None:
    mail = EmailMessage()
    mail["From"] = f'"{new.new("mail sender")}" <wang@example.test>'
    mail["To"], mail["Message-ID"] = "support@acme.test", "<cards@example.test>"
    mail["Subject"] = f"Card {grouped(new.new('mail subject'), ' ')}"
    mail.set_content(f"My card is {grouped(new.new('mail text'), '.')} 12/27")
    html = new.new("mail html")
    link = f'<a href="https://shop.test/{new.new("mail link")}">here</a>'
    mail.add_alternative(f"<p>{html[:4]}<b>{html[4:8]}</b>&nbsp;{html[8:]}</p>{link}", subtype="html")
    name = f"{grouped(new.new('mail file name'), '_')}.txt"
    mail.add_attachment(b"hello", maintype="text", subtype="plain", filename=name)
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=service.settings.smtp_port, timeout=30)


async def _by_bridge(bridge: Bridge, new: Numbers) -> None:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in new.new("bridge text"))
    (file,) = bridge.with_file("photo", b"\x89PNG\r\n\x1a\n")
    file["name"] = f"{new.new('bridge file name')}.png"
    payload = {"order": {"card": new.new("bridge payload")}}
    said = bridge.says("m1", "u1", wide, attachments=[file], payload=payload)
    unknown = {"type": "typing", "text": new.new("bridge unknown")}
    broken = bridge.says("m2", "", new.new("broken bridge"))
    answers = [(await bridge.post(event))[0].status_code for event in (said, unknown, broken)]
    assert answers == [200, 200, 422]


async def _by_chat(service: Service, new: Numbers) -> None:
    url = f"{service.url.replace('http', 'ws', 1)}/chat/{service.endpoints['site-chat']['id']}"
    text = "card " + "\u200b".join(new.new("chat text"))
    hello = {"type": "hello", "visitor_token": None, "after": None, "name": new.new("chat name")}
    async with connect(url, proxy=None) as socket:
        await socket.send(orjson.dumps(hello).decode())
        assert orjson.loads(await socket.recv())["type"] == "welcome"
        await socket.send(orjson.dumps({"type": "message", "client_message_id": "1", "text": text}).decode())
        while orjson.loads(await socket.recv())["type"] != "accepted":
            pass


def _by_call(service: Service, new: Numbers) -> None:
    call = service.exchange.switch.call("+8613800138000", HOTLINE, collected_digits=new.new("call digits"))
    for digit in new.new("call keys"):
        service.exchange.switch.press(call.id, digit)


async def _by_whatsapp(platform: WhatsApp, new: Numbers) -> None:
    said = platform.customer_says("8613800138001", type="text", text={"body": new.new("whatsapp text")})
    await platform.messages(said, name=new.new("whatsapp name"))


def _by_text_message(twilio: FakeTwilio, new: Numbers) -> None:
    twilio.messages.write("+14158675309", f"my card {grouped(new.new('text message'), ' ')} please")


async def _by_wechat(platform: WechatPlatform, new: Numbers) -> None:
    await platform.says("o1", f"卡号{new.new('wechat text')}")
    link = {"Title": new.new("wechat title"), "Url": f"https://shop.test/{new.new('wechat link')}"}
    await platform.message("o1", "link", link)


async def _by_wecom(platform: WecomPlatform, new: Numbers) -> None:
    platform.customer(WANG, new.new("wecom name"))
    await platform.says(WANG, f"卡号{grouped(new.new('wecom text'), '-')}")
    name = f"{new.new('wecom file name')}.pdf"
    await platform.message(
        WANG, "file", {"media_id": platform.keep("file", name, "application/pdf", b"%PDF")}
    )


def _digits(text: str) -> str:
    """Only these, whatever stood between them."""
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))


async def _values(url: str) -> list[tuple[str, str]]:
    """Every value of the database as text, with its place."""
    found: list[tuple[str, str]] = []
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT relname FROM pg_stat_user_tables ORDER BY relname")
        for (table,) in tables:
            for row in await connection.fetch(f'SELECT * FROM "{table}"'):
                found += [(f"{table}.{column}", _text(value)) for column, value in row.items()]
    finally:
        await connection.close()
    return found


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _files(folder: Path) -> list[tuple[str, str]]:
    return [(str(file), _text(file.read_bytes())) for file in folder.rglob("*") if file.is_file()]


async def _count(url: str, table: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()


def _shown(new: Numbers, values: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """(how the number came, where it stands)."""
    lines = [(place, _digits(text)) for place, text in values]
    return {(came, place) for came, number in new.of.items() for place, digits in lines if number in digits}


def _resident_of_digits(random: random.Random) -> str:
    """Without an X, which not every place takes."""
    return next(number for number in iter(lambda: resident(random), "") if number.isdecimal())


@dataclass
class Platforms:
    """Each posts to the service's endpoint of its name."""

    line: Bridge
    wa: WhatsApp
    texts: FakeTwilio
    wechat: WechatPlatform
    wecom: WecomPlatform

    def set_up(self, document: dict[str, Any], wa_url: str, texts_url: str) -> None:
        twilio = {"account_sid": ACCOUNT, "auth_token": TOKEN, "address": NUMBER, "api_url": texts_url}
        line = {"platform": "line", "secret": SECRET, "send_url": f"{self.line.url}/send"}
        document["endpoints"] += [
            {"key": key, "adapter": adapter, "queue": "lane-1", "config": config}
            for key, adapter, config in (
                ("line", "custom", line),
                ("wa", "whatsapp", CONFIG | {"api_url": wa_url}),
                ("texts", "twilio-sms", twilio),
                ("wechat", "wechat", self.wechat.config()),
                ("wecom", "wecom", self.wecom.config()),
            )
        ]

    def connect(self, service: Service) -> None:
        paths = {key: f"{service.url}{endpoint['path']}" for key, endpoint in service.endpoints.items()}
        self.line.webhook, self.wa.webhook = paths["line"], paths["wa"]
        self.texts.connect(paths["texts"], paths["texts"])
        self.wechat.hook, self.wecom.hook = paths["wechat"], paths["wecom"]


@asynccontextmanager
async def _platforms() -> AsyncIterator[tuple[Platforms, str, str]]:
    """With the addresses of WhatsApp's API and of Twilio's."""
    chance = random.Random(SEED)
    secrets = (CONFIG["access_token"], CONFIG["app_secret"], CONFIG["verify_token"])
    all_ = Platforms(
        line=Bridge(OfficialPackage(SECRET), chance),
        wa=WhatsApp(CONFIG["phone_number_id"], *secrets, chance),
        texts=FakeTwilio(ACCOUNT, TOKEN, NUMBER, sign=official(TOKEN)),
        wechat=WechatPlatform(),
        wecom=WecomPlatform(),
    )
    async with (
        serving(all_.line.app()) as all_.line.url,
        serving(all_.wa.app()) as wa_url,
        twilio_serving(all_.texts) as texts_url,
        served(all_.wechat),
        served(all_.wecom),
    ):
        yield all_, wa_url, texts_url


async def _by_all(service: Service, platforms: Platforms, new: Numbers) -> None:
    await _by_form(service, new)
    await _by_mail(service, new)
    await _by_bridge(platforms.line, new)
    await _by_chat(service, new)
    await _by_whatsapp(platforms.wa, new)
    await _by_wechat(platforms.wechat, new)
    await _by_wecom(platforms.wecom, new)
    _by_text_message(platforms.texts, new)
    _by_call(service, new)


@pytest.mark.parametrize("make", [card, _resident_of_digits], ids=["cards", "identity numbers"])
async def test_nothing_that_is_kept_shows_a_number(
    make: Callable[[random.Random], str],
    postgres: EmbeddedPostgres,
    template_database: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    new, port = Numbers(make), free_port()
    async with clone(postgres, template_database) as url, _platforms() as (platforms, wa_url, texts_url):

        def shape(document: dict[str, Any]) -> None:
            platforms.set_up(document, wa_url, texts_url)

        ours = {"port": port, "public_url": f"http://127.0.0.1:{port}"}
        async with running(url, tmp_path, lanes=1, shape=shape, **ours) as service:
            platforms.connect(service)
            await eventually(platforms.wecom.checks_address)
            await _by_all(service, platforms, new)

            async def taken() -> bool:
                kept = await _count(url, "touch"), await _count(url, "dead_letter")
                return kept >= (TOUCHES, DEAD_LETTERS)

            await eventually(taken, seconds=60)
            await eventually(lambda: platforms.line.asked["file"], seconds=20)
        values = await _values(url)
        assert any("****" in text for place, text in values if place == "event_log.data")
        kept = _files(tmp_path)
        output = capfd.readouterr()
        written = [("output", output.out), ("errors", output.err)]
        assert not _shown(new, [*values, *kept, *written]), f"seed {SEED}"
