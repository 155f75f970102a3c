"""The webhooks of the stand-in: signed, repeated as the address asks, and with faults."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx

from channels.twilio import signature

Sign = Callable[[str, Mapping[str, str]], Mapping[str, str]]
"""The headers that prove a form posted to an address."""

PAUSES = (0.1, 0.3, 0.6, 1.2, 2.4)
"""Seconds before each further attempt of a webhook whose address asks for them (`#rc=5`)."""


@dataclass
class Faults:
    """`drops`, `delays`: of callbacks by event (`completed`, `participant-join` …); `copies` of each;
    `shuffle`: seconds within which they overtake each other, from `seed`; `too_many`: so many requests are
    answered 429; `down`: all are answered 503, and no webhook leaves; `slow`: seconds by which a call's
    document is asked for late; `refuses`: error numbers by what is asked (a number, `Hold`)."""

    drops: set[str] = field(default_factory=set)
    delays: dict[str, float] = field(default_factory=dict)
    copies: int = 1
    shuffle: float = 0.0
    seed: int = 1
    too_many: int = 0
    down: bool = False
    slow: float = 0.0
    refuses: dict[str, int] = field(default_factory=dict)


def classic(auth_token: str) -> Sign:
    def sign(url: str, fields: Mapping[str, str]) -> Mapping[str, str]:
        return {signature.HEADER: signature.sign(auth_token.encode(), url, tuple(fields.items()))}

    return sign


class Hooks:
    """`sent`: what was taken; `refused`: where it was not, and the status (0: no answer)."""

    def __init__(self, sign: Sign) -> None:
        self.faults = Faults()
        self.sent: list[dict[str, str]] = []
        self.refused: list[tuple[str, int]] = []
        self._sign = sign
        self._client = httpx.AsyncClient(timeout=15, trust_env=False)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self, event: str, url: str, fields: dict[str, str]) -> None:
        """A status callback: nobody waits for its answer."""
        if event in self.faults.drops:
            return
        wait = self.faults.delays.get(event, 0.0)
        if self.faults.shuffle:
            wait += _chance(self.faults.seed, len(self.sent)).uniform(0, self.faults.shuffle)
        for _ in range(self.faults.copies):
            self.start(self._later(wait, url, fields))

    async def _later(self, seconds: float, url: str, fields: dict[str, str]) -> None:
        await asyncio.sleep(seconds)
        await self.ask(url, fields)

    async def ask(self, url: str, fields: dict[str, str]) -> httpx.Response | None:
        """The answer to a signed request; None: nobody answered well, however often."""
        place, _, switches = url.partition("#")
        attempts = 1 + int(parse_qs(switches).get("rc", ["0"])[0])
        for pause in (0.0, *PAUSES)[:attempts]:
            await asyncio.sleep(pause)
            answer = await self._once(place, fields)
            if answer is not None and answer.status_code < 400:
                self.sent.append(fields)
                return answer
            self.refused.append((place, 0 if answer is None else answer.status_code))
        return None

    async def _once(self, url: str, fields: dict[str, str]) -> httpx.Response | None:
        if self.faults.down:
            return None
        headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        headers |= self._sign(url, fields)
        try:
            return await self._client.post(url, content=urlencode(fields), headers=headers)
        except httpx.HTTPError:
            return None


def _chance(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")  # noqa: S311 - guards nothing
