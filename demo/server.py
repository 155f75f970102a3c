"""The demo's second window: the page "be the customer", what it needs, and the telephone exchange."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from app import pages
from demo.customers import Doors
from demo.inbox import Inbox
from demo.pbx.exchange import Exchange, create_exchange_app
from demo.people import Person


class MailIn(BaseModel):
    sender: str = Field(alias="from")
    subject: str = Field(max_length=500)
    text: str = Field(max_length=100_000)


def create_demo_app(exchange: Exchange, doors: Doors, inbox: Inbox, everybody: list[Person]) -> FastAPI:
    """The exchange's app, with `/demo/…` for the page and the page itself."""
    app = create_exchange_app(exchange)

    @app.get("/demo/config")
    async def config() -> dict[str, Any]:
        return {
            "touchpoint_url": doors.base_url,
            "pbx_url": "",
            "hotline": doors.hotline,
            "chat_endpoint_id": doors.endpoints["site-chat"],
            "form_endpoint_id": doors.endpoints["contact-form"],
            "mail_address": doors.mail_address,
            "personas": [_persona(person) for person in _chosen(everybody)],
        }

    @app.post("/demo/mail", status_code=202)
    async def send_mail(mail: MailIn) -> dict[str, str]:
        return {"message_id": await doors.mail(mail.sender, mail.subject, mail.text)}

    @app.get("/demo/inbox")
    async def read_inbox(email: str) -> dict[str, Any]:
        return {"items": inbox.of(email), "next_cursor": None}

    pages.install(app)
    return app


def _chosen(everybody: list[Person]) -> list[Person]:
    """Platinum Wang, and one of each other tier."""
    first: dict[str, Person] = {}
    for person in everybody:
        first.setdefault(person.tier, person)
    return list(first.values())


def _persona(person: Person) -> dict[str, str]:
    return {
        "id": str(person.number),
        "name": person.name,
        "tier": person.tier,
        "phone": person.phone,
        "email": person.email,
        "language": person.language,
    }
