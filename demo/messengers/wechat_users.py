"""Customers on WeChat: they write to the company's official account, or open its customer service (WeCom)."""

import asyncio
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from demo.messengers.wechat import WechatPlatform
from demo.messengers.wecom import WecomPlatform
from demo.people import Person


class WechatUsers:
    """Each keeps to one of the two."""

    def __init__(self, wechat: WechatPlatform, wecom: WecomPlatform) -> None:
        self.wechat, self.wecom = wechat, wecom
        self._chats: dict[tuple[str, str], list[dict[str, Any]]] = {}

    async def follow(self, phone: str, text: str) -> None:
        """Somebody before the demo's page writes to the official account."""
        self.followed(phone).append(_item(text, mine=True))
        await self.wechat.says(_open_id(phone), text)

    async def open(self, phone: str, name: str, text: str) -> None:
        """They write to the customer service."""
        who = _open_id(phone)
        self.wecom.customer(who, name)
        self.opened(phone).append(_item(text, mine=True))
        await self.wecom.says(who, text)

    def followed(self, phone: str) -> list[dict[str, Any]]:
        """What the page shows, oldest first: `{mine, text, at}`."""
        return self._shown_on_page(("wechat", phone), self.wechat.follower(_open_id(phone)).texts)

    def opened(self, phone: str) -> list[dict[str, Any]]:
        known = self.wecom.customers.get(_open_id(phone))
        return self._shown_on_page(("wecom", phone), known.texts if known else [])

    def _shown_on_page(self, chat: tuple[str, str], answers: list[str]) -> list[dict[str, Any]]:
        shown = self._chats.setdefault(chat, [])
        seen = sum(not item["mine"] for item in shown)
        shown += [_item(text, mine=False) for text in answers[seen:]]
        return shown

    async def asks(self, person: Person, text: str, seconds: float) -> bool:
        """Whether somebody has answered within `seconds`."""
        before = len(self._shown(person))
        await self.says(person, text)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if len(self._shown(person)) > before:
                return True
            await asyncio.sleep(1)
        return False

    async def says(self, person: Person, text: str) -> None:
        who = _id(person)
        if _follows(person):
            await self.wechat.says(who, text)
        else:
            self.wecom.customer(who, person.name)
            await self.wecom.says(who, text)

    def _shown(self, person: Person) -> list[str]:
        who = _id(person)
        return (
            self.wechat.follower(who).texts
            if _follows(person)
            else self.wecom.customer(who, person.name).texts
        )


def _id(person: Person) -> str:
    return _open_id(person.phone)


def _open_id(phone: str) -> str:
    return "o" + sha256(phone.encode()).hexdigest()[:27]


def _item(text: str, *, mine: bool) -> dict[str, Any]:
    return {"mine": mine, "text": text, "at": datetime.now(UTC).isoformat()}


def _follows(person: Person) -> bool:
    return int(_id(person)[-1], 16) % 2 == 0
