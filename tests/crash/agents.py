"""Played agents, who work on whatever happens to the service: what failed is tried again on the next look at
what is in their hands."""

import asyncio
import random
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from demo.desk_client import DeskClient, sign_in, stream
from tests.crash.ledger import Ledger, new_text
from tests.running import PASSWORD, Service

LOOK_SECONDS = 0.4
AWAY = (OSError, httpx.HTTPError, WebSocketException, TimeoutError)


class PlayedAgent:
    """One agent until cancelled. Takes most offers; some are declined or missed."""

    def __init__(self, service: Service, ledger: Ledger, email: str, chance: random.Random) -> None:
        self.service, self.ledger, self.email, self.chance = service, ledger, email, chance
        self.steady = False
        """From now on every offer is taken."""
        self._replies: dict[str, str] = {}

    async def run(self) -> None:
        async with httpx.AsyncClient(base_url=self.service.url, timeout=30, trust_env=False) as http:
            while True:
                try:
                    if "authorization" not in http.headers:
                        await sign_in(http, "acme", self.email, PASSWORD)
                    async with stream(http) as desk:
                        await desk.be("available")
                        await self._work(desk)
                except AWAY:
                    await asyncio.sleep(self.chance.uniform(0.1, 0.5))

    async def _work(self, desk: DeskClient) -> None:
        tasks = [asyncio.create_task(self._listen(desk)), asyncio.create_task(self._serve(desk))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, desk: DeskClient) -> None:
        for offer in desk.snapshot.get("offers", ()):
            await self._decide(desk, offer)
        async for frame in desk.frames():
            if frame["type"] == "event":
                await self._hear(desk, frame["name"], frame["data"])

    async def _hear(self, desk: DeskClient, name: str, data: dict[str, Any]) -> None:
        if name == "offer.created":
            await self._decide(desk, data)
        elif name == "agent.changed" and (data["email"], data["presence"]) == (self.email, "not_responding"):
            await desk.be("available")

    async def _decide(self, desk: DeskClient, offer: dict[str, Any]) -> None:
        await desk.shown(offer["offer_id"])
        luck = 1.0 if self.steady else self.chance.random()
        if luck < 0.05:
            return
        verb = "decline" if luck < 0.1 and offer["channel"] != "voice" else "accept"
        await desk.post(
            f"/v1/offers/{offer['offer_id']}/{verb}", {"reason": "busy"} if verb == "decline" else None
        )

    async def _serve(self, desk: DeskClient) -> None:
        """Take the next step with everything in hand."""
        while True:
            answer = await desk.http.get("/v1/interactions", params={"agent": "me"})
            for work in answer.json().get("items", ()) if answer.is_success else ():
                await self._step(desk, work)
            await asyncio.sleep(LOOK_SECONDS)

    async def _step(self, desk: DeskClient, work: dict[str, Any]) -> None:
        path = f"/v1/interactions/{work['id']}"
        mine = [leg["state"] for leg in work["legs"]]
        if "wrap_up" in mine:
            await desk.post(f"{path}/wrap-up", {"disposition": "solved"})
        elif work["state"] == "active" and work["channel"] == "voice":
            if self.steady or self.chance.random() < 0.3:
                await desk.post(f"{path}/end")
        elif work["state"] == "active" and work["channel"] == "task":
            await desk.post(f"{path}/close")
        elif work["state"] == "active":
            await self._write(desk, work, path)

    async def _write(self, desk: DeskClient, work: dict[str, Any], path: str) -> None:
        """Answer once, then end it. The same `client_message_id` until it is acknowledged."""
        text = self._replies.setdefault(work["id"], new_text("reply"))
        if text not in self.ledger.replies:
            wanted = {"text": text, "client_message_id": text, "version": work["version"]}
            answer = await desk.post(f"{path}/messages", wanted)
            if answer.status_code == 202:
                self.ledger.replies.add(text)
        elif work["channel"] == "email":
            await desk.post(f"{path}/close")
        else:
            await desk.post(f"{path}/end")
