"""Pigeon, a messenger that Touchpoint has no adapter for: its bridge speaks the custom channel's format. It
vouches for its users' phone numbers, so what they write stands beside their calls."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, Final

from demo.messengers.bridge import Bridge
from demo.messengers.insisting import insist

RECEIPTS_EVERY_SECONDS: Final = 2.0
WHO: Final = "Pigeon's bridge"


class Pigeon:
    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._chats: dict[str, list[dict[str, Any]]] = {}
        self._began, self._numbers = int(datetime.now(UTC).timestamp()), count(1)

    async def run(self) -> None:
        """What has come is received and read, for ever."""
        while True:
            await asyncio.sleep(RECEIPTS_EVERY_SECONDS)
            await self.tell_receipts()

    async def tell_receipts(self) -> None:
        due, self.bridge.receipts = self.bridge.receipts, []
        for receipt in due:
            await insist(partial(self._taken, receipt), WHO)

    async def say(self, phone: str, name: str, text: str) -> None:
        """`phone` is E.164."""
        self.chat(phone).append(_item(text, mine=True))
        message_id = f"coo-{self._began}-{next(self._numbers)}"
        message = self.bridge.says(message_id, phone, text, name=name, by="phone")
        await insist(partial(self._taken, message), WHO)

    async def _taken(self, event: dict[str, Any]) -> bool:
        return [answer.status_code for answer in await self.bridge.post(event)] == [200]

    def chat(self, phone: str) -> list[dict[str, Any]]:
        """What the page shows, oldest first: `{mine, text, at}`."""
        shown = self._chats.setdefault(phone, [])
        seen = sum(not item["mine"] for item in shown)
        shown += [_item(text, mine=False) for text in self.bridge.texts(phone)[seen:]]
        return shown


def _item(text: str, *, mine: bool) -> dict[str, Any]:
    return {"mine": mine, "text": text, "at": datetime.now(UTC).isoformat()}
