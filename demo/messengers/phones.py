"""What customers see on their phones: WhatsApp chats with the company, read as soon as they come."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final

from demo.messengers.insisting import insist
from demo.messengers.pigeon import Pigeon
from demo.messengers.wechat_users import WechatUsers
from demo.messengers.whatsapp import WhatsApp

READ_EVERY_SECONDS: Final = 2.0


class Phones:
    """The WhatsApp of all customers of one business number, and the other messengers of theirs."""

    def __init__(self, platform: WhatsApp, wechat: WechatUsers, pigeon: Pigeon) -> None:
        self.platform, self.wechat, self.pigeon = platform, wechat, pigeon
        self._said: list[tuple[str, float, str]] = []

    async def run(self) -> None:
        """Receipts of what has come, for ever."""
        while True:
            await asyncio.sleep(READ_EVERY_SECONDS)
            await self._surely(self.platform.receipts_due())

    async def say(self, phone: str, name: str, text: str) -> None:
        """`phone` is E.164. The platform insists until we have taken it."""
        customer = phone.removeprefix("+")
        self._said.append((customer, time.time(), text))
        message = self.platform.customer_says(customer, type="text", text={"body": text})
        contact = {"wa_id": customer, "profile": {"name": name}}
        await self._surely([{"contacts": [contact], "messages": [message]}])

    def chat(self, phone: str) -> list[dict[str, Any]]:
        """Oldest first: `{mine, text, at}`."""
        customer = phone.removeprefix("+")
        mine = [(at, True, text) for who, at, text in self._said if who == customer]
        theirs = [(taken.at, False, taken.text) for taken in self.platform.taken if taken.to == customer]
        return [
            {"mine": is_mine, "text": text, "at": datetime.fromtimestamp(at, UTC).isoformat()}
            for at, is_mine, text in sorted(mine + theirs)
        ]

    async def answered(self, phone: str, since: float, seconds: float) -> bool:
        """Whether the company has written to this phone since then; waits so long for it."""
        customer, deadline = phone.removeprefix("+"), time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(taken.to == customer and taken.at > since for taken in self.platform.taken):
                return True
            await asyncio.sleep(1)
        return False

    async def _surely(self, changes: list[dict[str, Any]]) -> None:
        if not changes:
            return

        async def taken() -> bool:
            return await self.platform.post(*changes) == [200]

        await insist(taken, "WhatsApp")
