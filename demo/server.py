"""The demo's second window: the page "be the customer", and what it needs of every platform."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from app import pages
from demo.asterisk import Asterisk, User, asterisk_app
from demo.customers import Doors, PlayedCustomers
from demo.inbox import Inbox
from demo.messengers.phones import Phones
from demo.pbx.exchange import Exchange, create_exchange_app
from demo.pbx.switch import Device
from demo.people import Person
from demo.players import Shift
from demo.telephones import Telephones, telephone_routes
from demo.twilio import FakeTwilio

ASTERISK_USER = "touchpoint"
"""As company.yaml has it."""


class MailIn(BaseModel):
    sender: str = Field(alias="from")
    subject: str = Field(max_length=500)
    text: str = Field(max_length=100_000)


class TextIn(BaseModel):
    phone: str = Field(pattern=r"^\+[0-9]{5,20}$")
    name: str = Field(max_length=200)
    text: str = Field(min_length=1, max_length=4096)


class StageIn(BaseModel):
    """What is to change; what is left out stays. `copies`: how often the exchange sends each webhook."""

    working: bool | None = None
    coming: bool | None = None
    phone_answers: bool | None = None
    copies: int | None = Field(default=None, ge=1, le=5)


class CallersIn(BaseModel):
    """So many callers of one tier, at once."""

    count: int = Field(default=3, ge=1, le=20)
    tier: str = "lead"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the page may move. `secret` opens the Asterisk. `kill` ends a process of the service by -9; it is
    started again."""

    exchange: Exchange
    asterisk: Asterisk
    twilio: FakeTwilio
    telephones: Telephones
    doors: Doors
    inbox: Inbox
    phones: Phones
    everybody: list[Person]
    shift: Shift
    visits: PlayedCustomers
    my_phone: str
    secret: str
    kill: Callable[[str], None]

    def show(self) -> dict[str, Any]:
        """Whether played agents work and played customers come, whether my phone answers, and `copies`."""
        phone = self.exchange.switch.devices.get(self.my_phone, Device.ANSWERS)
        return {
            "working": self.shift.working,
            "coming": self.visits.coming,
            "phone_answers": phone == Device.ANSWERS,
            "copies": self.exchange.copies,
        }

    def move(self, wish: StageIn) -> None:
        if wish.working is not None:
            self.shift.set(wish.working)
        if wish.coming is not None:
            self.visits.come(wish.coming)
        if wish.phone_answers is not None:
            behaviour = Device.ANSWERS if wish.phone_answers else Device.UNREACHABLE
            self.exchange.switch.devices[self.my_phone] = behaviour
            self.twilio.exchange.devices[f"{self.my_phone}@hearth.test"] = behaviour
            self.asterisk.phones[self.my_phone.replace("sip:", "PJSIP/")] = behaviour
        if wish.copies is not None:
            self.exchange.copies = wish.copies


def create_demo_app(stage: Stage) -> FastAPI:
    """The exchange's app and all other platforms, with `/demo/…` for the page and the page itself."""
    app = create_exchange_app(stage.exchange)
    app.include_router(telephone_routes(stage.telephones))
    app.mount("/asterisk", asterisk_app(stage.asterisk, {ASTERISK_USER: User(stage.secret)}))
    app.mount("/whatsapp", stage.phones.platform.app())
    app.mount("/wechat", stage.phones.wechat.wechat.app())
    app.mount("/pigeon", stage.phones.pigeon.bridge.app())
    app.mount("/wecom", stage.phones.wechat.wecom.app())
    doors, inbox, everybody = stage.doors, stage.inbox, stage.everybody
    _add_stage(app, stage)
    _add_phones(app, stage.phones)
    _add_twilio(app, stage.twilio)

    @app.get("/demo/config")
    async def config() -> dict[str, Any]:
        return {
            "touchpoint_url": doors.base_url,
            "lines": stage.telephones.shown(),
            "chat_endpoint_id": doors.endpoints["site-chat"],
            "form_endpoint_id": doors.endpoints["contact-form"],
            "mail_address": doors.mail_address,
            "whatsapp": True,
            "wechat": True,
            "pigeon": True,
            "text_number": stage.twilio.number,
            "personas": [_persona(person, doors) for person in _chosen(everybody)],
        }

    @app.post("/demo/mail", status_code=202)
    async def send_mail(mail: MailIn) -> dict[str, str]:
        return {"message_id": await doors.mail(mail.sender, mail.subject, mail.text)}

    @app.get("/demo/inbox")
    async def read_inbox(email: str) -> dict[str, Any]:
        return {"items": inbox.of(email), "next_cursor": None}

    pages.install(app)
    return app


def _add_phones(app: FastAPI, phones: Phones) -> None:
    wechat = phones.wechat
    _add_messenger(app, "whatsapp", phones.say, phones.chat)
    _add_messenger(app, "pigeon", phones.pigeon.say, phones.pigeon.chat)
    _add_messenger(app, "wechat", lambda phone, _, text: wechat.follow(phone, text), wechat.followed)
    _add_messenger(app, "wecom", wechat.open, wechat.opened)


def _add_messenger(
    app: FastAPI,
    name: str,
    say: Callable[[str, str, str], Awaitable[object]],
    chat: Callable[[str], Sequence[object]],
) -> None:
    """What a customer's phone shows of it. `say` takes the phone, its owner's name and the text."""

    @app.post(f"/demo/{name}", status_code=202)
    async def write(wish: TextIn) -> dict[str, str]:
        await say(wish.phone, wish.name, wish.text)
        return {"phone": wish.phone}

    @app.get(f"/demo/{name}")
    async def read(phone: str) -> dict[str, Any]:
        return {"items": chat(phone), "next_cursor": None}


def _add_twilio(app: FastAPI, twilio: FakeTwilio) -> None:
    """Its API for the service, and text messages on a customer's phone for the page."""
    methods = ["GET", "POST", "DELETE"]
    app.add_api_route("/2010-04-01/{path:path}", twilio.handle, methods=methods, response_model=None)

    @app.post("/demo/texts", status_code=202)
    async def write(wish: TextIn) -> dict[str, str]:
        return {"message_id": twilio.messages.write(wish.phone, wish.text).sid}

    @app.get("/demo/texts")
    async def read(phone: str) -> dict[str, Any]:
        theirs = [m for m in twilio.messages.all if phone in (m.sender, m.to)]
        items = [{"mine": m.sender == phone, "text": m.body, "at": f"{m.at} {m.sid}"} for m in theirs]
        return {"items": items[-50:], "next_cursor": None}


def _add_stage(app: FastAPI, stage: Stage) -> None:
    """The buttons behind the scene: who works, who calls, what breaks."""

    @app.get("/demo/stage")
    async def show() -> dict[str, Any]:
        return stage.show()

    @app.patch("/demo/stage", status_code=204)
    async def move(wish: StageIn) -> None:
        stage.move(wish)

    turns: dict[str, Iterator[Person]] = {}

    @app.post("/demo/callers", status_code=202)
    async def add_callers(wish: CallersIn) -> dict[str, list[str]]:
        """Others each time, until all of the tier have called."""
        theirs = cycle(person for person in stage.everybody[1:] if person.tier == wish.tier)
        callers = islice(turns.setdefault(wish.tier, theirs), wish.count)
        hotline = stage.telephones.lines[0]
        return {"call_ids": [hotline.call(person.phone) for person in callers]}

    @app.post("/demo/kill/{process}", status_code=204)
    async def kill(process: Literal["api", "worker", "database"]) -> None:
        stage.kill(process)


def _chosen(everybody: list[Person]) -> list[Person]:
    """Platinum Wang, and one of each other tier."""
    first: dict[str, Person] = {}
    for person in everybody:
        first.setdefault(person.tier, person)
    return list(first.values())


def _persona(person: Person, doors: Doors) -> dict[str, str]:
    return {
        "id": str(person.number),
        "name": person.name,
        "tier": person.tier,
        "phone": person.phone,
        "email": person.email,
        "language": person.language,
        "identity": doors.identity(person),
    }
