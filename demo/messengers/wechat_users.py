"""Customers on WeChat: they write to the company's official account, or open its customer service (WeCom)."""

import asyncio
import time
from hashlib import sha256

from demo.messengers.wechat import WechatPlatform
from demo.messengers.wecom import WecomPlatform
from demo.people import Person


class WechatUsers:
    """Each keeps to one of the two."""

    def __init__(self, wechat: WechatPlatform, wecom: WecomPlatform) -> None:
        self.wechat, self.wecom = wechat, wecom

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
    return "o" + sha256(person.email.encode()).hexdigest()[:27]


def _follows(person: Person) -> bool:
    return int(_id(person)[-1], 16) % 2 == 0
