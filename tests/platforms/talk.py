"""An agent in a running service who talks with customers of a messaging platform."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.running import Desktop
from tests.waiting import eventually


@dataclass
class Talk:
    """One interaction in the agent's hands."""

    desk: Desktop
    interaction_id: str

    @classmethod
    async def taken(cls, desk: Desktop) -> "Talk":
        """The next one that is offered, accepted."""
        offer = await desk.offer()
        answer = await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
        answer.raise_for_status()
        desk.events.clear()
        return cls(desk, offer["interaction_id"])

    @property
    def path(self) -> str:
        return f"/v1/interactions/{self.interaction_id}"

    async def reply(self, text: str = "", **more: Any) -> dict[str, Any]:
        """The touch."""
        answer = await self._post(text, **more)
        assert answer.status_code == 202, answer.text
        touch: dict[str, Any] = answer.json()
        return touch

    async def refused(self, text: str = "", **more: Any) -> dict[str, Any]:
        """The problem."""
        answer = await self._post(text, **more)
        assert answer.status_code >= 400, answer.text
        problem: dict[str, Any] = answer.json()
        return problem

    async def _post(self, text: str, **more: Any) -> httpx.Response:
        version = (await self.desk.interaction(self.interaction_id))["version"]
        body = {"text": text, "client_message_id": uuid4().hex, "version": version, **more}
        return await self.desk.client.post(f"{self.path}/messages", body)

    async def upload(self, name: str, content_type: str, content: bytes) -> str:
        answer = await self.desk.client.http.post(
            "/v1/attachments", files={"file": (name, content, content_type)}
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    async def touches(self, direction: str | None = None) -> Sequence[dict[str, Any]]:
        """Oldest first."""
        answer = await self.desk.client.http.get(f"{self.path}/touches?limit=200")
        answer.raise_for_status()
        found = [touch for touch in reversed(answer.json()["items"]) if touch["kind"] == "message"]
        return [touch for touch in found if direction in (None, touch["direction"])]

    async def texts(self, direction: str) -> Sequence[str]:
        return [touch["text"] for touch in await self.touches(direction)]

    async def said(self, *texts: str, direction: str = "inbound", seconds: float = 15) -> None:
        """Wait until exactly this was said in that direction."""

        async def heard() -> bool:
            return len(await self.texts(direction)) >= len(texts)

        await eventually(heard, seconds=seconds)
        found = await self.texts(direction)
        assert found == list(texts), found

    async def touch(
        self, touch_id: str, fits: Callable[[dict[str, Any]], bool], seconds: float = 20
    ) -> dict[str, Any]:
        """The touch, once it fits."""

        async def found() -> dict[str, Any] | None:
            hits = [touch for touch in await self.touches() if touch["id"] == touch_id and fits(touch)]
            return hits[0] if hits else None

        touch = await eventually(found, seconds=seconds)
        assert touch is not None
        return touch

    async def becomes(self, state: str, *touch_ids: str, seconds: float = 30) -> Sequence[dict[str, Any]]:
        """The touches, once their delivery is in that state."""
        return [
            await self.touch(touch_id, lambda touch: touch["delivery"]["state"] == state, seconds)
            for touch_id in touch_ids
        ]

    async def finish(self) -> None:
        """Done with it: the agent is free for the next one."""
        await self.desk.client.post(f"{self.path}/close")
        await self.desk.client.post(f"{self.path}/wrap-up", {"disposition": "solved"})
