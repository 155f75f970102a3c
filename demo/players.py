"""Played agents: they answer, but also miss, decline and take breaks, through the same contract as a
browser."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import httpx
import structlog
from websockets.exceptions import WebSocketException

from demo.desk_client import DeskClient, desktop

log = structlog.get_logger()

TALK_SECONDS = (12, 45)
BREAKS = ("lunch", "coffee", "training")
LINES = {
    "zh": (
        "您好，这里是 Hearth & Home，请问有什么可以帮您？",
        "好的，我帮您查一下。",
        "已经处理好了，还有其他问题吗？",
    ),
    "en": (
        "Hello, Hearth & Home, how can I help?",
        "One moment, I am looking it up.",
        "All done. Anything else?",
    ),
}


class Shift:
    """Whether the played agents work at all; the demo's page may send them all on a break."""

    def __init__(self) -> None:
        self.working = True
        self._changed = asyncio.Event()

    def set(self, working: bool) -> None:
        self.working = working
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        await self._changed.wait()


class PlayedAgent:
    """One agent for as long as the demo runs. `character` is a seed of its own."""

    def __init__(self, base_url: str, email: str, password: str, character: int, shift: Shift) -> None:
        self.base_url, self.email, self.password, self.shift = base_url, email, password, shift
        self.chance = random.Random(character)  # noqa: S311 - not a secret
        self._parts: set[asyncio.Task[None]] = set()
        self._serving: set[str] = set()

    async def run(self) -> None:
        """Come back after each interruption, as a person would."""
        while True:
            try:
                async with desktop(self.base_url, "demo", self.email, self.password) as desk:
                    await self._work(desk)
            except (httpx.HTTPError, WebSocketException, OSError) as error:
                log.info("a played agent lost the connection", agent=self.email, error=str(error))
            finally:
                for part in self._parts:
                    part.cancel()
            await asyncio.sleep(self.chance.uniform(1, 4))

    async def _work(self, desk: DeskClient) -> None:
        self._play(self._follow_shift(desk))
        self._play(self._take_breaks(desk))
        for work in desk.snapshot.get("interactions", []):
            self._play(self._serve(desk, work["id"], work["channel"]))
        async for frame in desk.frames():
            if frame["type"] == "event":
                await self._hear(desk, frame["name"], frame["data"])

    async def _hear(self, desk: DeskClient, name: str, data: dict[str, Any]) -> None:
        if name == "offer.created":
            await desk.shown(data["offer_id"])
            self._play(self._decide(desk, data))
        elif name == "agent.changed" and _stopped_responding(data, self.email):
            self._play(self._return(desk))

    async def _decide(self, desk: DeskClient, offer: dict[str, Any]) -> None:
        """Nine in ten are accepted after a moment; some are missed, some written ones declined."""
        luck = self.chance.random()
        if luck < 0.04:
            return
        await asyncio.sleep(self.chance.uniform(1, 5))
        if luck < 0.1 and offer["channel"] != "voice":
            await desk.post(f"/v1/offers/{offer['offer_id']}/decline", {"reason": "busy"})
            return
        answer = await desk.post(f"/v1/offers/{offer['offer_id']}/accept")
        if not answer.is_success:
            return
        if "asked_by" not in offer or await self._advise(desk, offer["interaction_id"]):
            await self._serve(desk, offer["interaction_id"], offer["channel"])

    async def _advise(self, desk: DeskClient, interaction_id: str) -> bool:
        """A colleague asks: until that is over, or (True) the customer is handed over."""
        me = desk.snapshot["me"]["id"]
        while True:
            await asyncio.sleep(2)
            legs = (await desk.http.get(f"/v1/interactions/{interaction_id}")).json()["legs"]
            mine = [leg["role"] for leg in legs if leg["agent_id"] == me and leg["state"] != "ended"]
            if mine != ["consult"] and mine != ["conference"]:
                return mine == ["primary"]

    async def _serve(self, desk: DeskClient, interaction_id: str, channel: str) -> None:
        if interaction_id in self._serving:
            return
        self._serving.add(interaction_id)
        try:
            if channel == "voice":
                await self._talk(desk, interaction_id)
            else:
                await self._write(desk, interaction_id, channel)
            await self._wrap_up(desk, interaction_id)
        finally:
            self._serving.discard(interaction_id)

    async def _talk(self, desk: DeskClient, interaction_id: str) -> None:
        await asyncio.sleep(self.chance.uniform(*TALK_SECONDS))
        if self.chance.random() < 0.2:
            await desk.post(f"/v1/interactions/{interaction_id}/hold")
            await asyncio.sleep(self.chance.uniform(3, 8))
            await desk.post(f"/v1/interactions/{interaction_id}/resume")
        await desk.post(f"/v1/interactions/{interaction_id}/end")

    async def _write(self, desk: DeskClient, interaction_id: str, channel: str) -> None:
        language = "zh" if self.chance.random() < 0.5 else "en"
        lines = LINES[language] if channel == "chat" else LINES[language][2:]
        for line in lines:
            await asyncio.sleep(self.chance.uniform(4, 12))
            await self._say(desk, interaction_id, line)
        await asyncio.sleep(self.chance.uniform(3, 10))
        await desk.post(f"/v1/interactions/{interaction_id}/end")

    async def _say(self, desk: DeskClient, interaction_id: str, line: str) -> None:
        """Send with the version just read; a stale one is simply read again next time."""
        seen = (await desk.http.get(f"/v1/interactions/{interaction_id}")).json()
        body = {"text": line, "client_message_id": f"{interaction_id}-{self.chance.random()}"}
        await desk.post(
            f"/v1/interactions/{interaction_id}/messages", {**body, "version": seen.get("version", 0)}
        )

    async def _wrap_up(self, desk: DeskClient, interaction_id: str) -> None:
        await asyncio.sleep(self.chance.uniform(3, 10))
        await desk.post(f"/v1/interactions/{interaction_id}/wrap-up", {"disposition": "other"})

    async def _take_breaks(self, desk: DeskClient) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(120, 400))
            await desk.be("break", self.chance.choice(BREAKS))
            await asyncio.sleep(self.chance.uniform(15, 60))
            await self._be_there(desk)

    async def _return(self, desk: DeskClient) -> None:
        await asyncio.sleep(self.chance.uniform(5, 20))
        await self._be_there(desk)

    async def _follow_shift(self, desk: DeskClient) -> None:
        while True:
            await self._be_there(desk)
            await self.shift.change()

    async def _be_there(self, desk: DeskClient) -> None:
        if self.shift.working:
            await desk.be("available")
        else:
            await desk.be("break", "training")

    def _play(self, part: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_unless_gone(part))
        self._parts.add(task)
        task.add_done_callback(self._parts.discard)


def _stopped_responding(agent: dict[str, Any], email: str) -> bool:
    return agent.get("email") == email and agent.get("presence") == "not_responding"


async def _unless_gone(part: Coroutine[Any, Any, None]) -> None:
    """A server that restarts ends a part, not the player."""
    try:
        await part
    except (httpx.HTTPError, WebSocketException) as error:
        log.info("a played part was cut short", error=str(error))
