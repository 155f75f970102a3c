"""Why it waits, why it came to whom it came: over HTTP, in structure and in both languages."""

from typing import Any
from uuid import UUID

from models.agent import Presence
from tests.stream.desktops import Api
from tests.worker.center import Center


async def why(center: Center, api: Api, interaction_id: UUID) -> Any:
    async with api.client(center.agents["li"]) as client:
        return await client.get(f"/v1/interactions/{interaction_id}/explanation")


class TestWaiting:
    async def test_every_agent_has_the_first_reason_against(self, center: Center, api: Api) -> None:
        await center.sign_in("li")
        await center.choose("li", Presence.BREAK, "lunch")
        await center.sign_in("wang")
        waiting = await center.queue()
        told = (await why(center, api, waiting)).json()
        assert (told["kind"], told["state"], told["policy_version"]) == ("waiting", "queued", 1)
        ids = {name: str(agent.id) for name, agent in center.agents.items()}
        against = {group["reason"]: group["agents"] for group in told["groups"]}
        assert against == {"signed_in": [ids["han"]], "available": [ids["li"]], "skilled": [ids["wang"]]}
        assert told["names"] == {agent_id: name.title() for name, agent_id in ids.items()}
        assert "Agents: 1, not available (Li)." in told["words"]["en"]
        assert "坐席 1 名：未登录（Han）。" in told["words"]["zh"]

    async def test_platinum_overtakes_and_the_words_say_so(self, center: Center, api: Api) -> None:
        for _ in range(3):
            await center.queue("voice")
        platinum = await center.queue("voice", tier="platinum")
        told = (await why(center, api, platinum)).json()
        assert (told["overtaken"], told["ahead"], told["head_start_us"]) == (3, 0, 600_000_000)
        assert "It goes before 3 that have waited longer." in told["words"]["en"]
        assert "排在 3 个等待更久的请求之前。" in told["words"]["zh"]

    async def test_what_has_only_just_come_is_told_too(self, center: Center, api: Api) -> None:
        for waiting in [await center.queue(), await center.queue()]:
            assert (await why(center, api, waiting)).status_code == 200
        latest = await center.queue()
        assert (await why(center, api, latest)).json()["ahead"] == 2


class TestAssigned:
    async def test_the_decision_is_told_as_it_was_taken(self, center: Center, api: Api) -> None:
        await center.sign_in("li")
        await center.sign_in("han")
        async with center.routed():
            offer = await center.offered(await center.queue())
        told = (await why(center, api, offer.interaction_id)).json()
        assert (told["kind"], told["reason"]) == ("assigned", "longest_idle")
        assert told["winner"]["agent"] == str(offer.agent_id)
        assert [candidate["agent"] for candidate in told["runners_up"]] == [str(center.agents["han"].id)]
        assert told["words"]["en"][0].startswith("Offered to Li: of all who may take it, idle the longest")
        assert told["words"]["zh"][1] == "其后依次为 Han。"

    async def test_what_the_router_never_saw_has_none(self, center: Center, api: Api) -> None:
        waiting = await center.queue()
        await center.work(waiting, lambda work: work.close("supervisor", "forced"))
        assert (await why(center, api, waiting)).status_code == 404
        assert (await why(center, api, UUID(int=5))).status_code == 404
