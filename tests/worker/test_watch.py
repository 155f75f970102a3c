"""What the routing worker sees and leaves behind every second."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.events import QueueChanged
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from insights.vitals import Crew, alarm_since
from models import Agent, Policy, Queue
from models.segment import Segment, SegmentKind
from models.vitals import Found, RoutingVitals
from tests.interactions.bench import NOON
from tests.waiting import eventually
from tests.worker.center import SETUP, Center


async def vitals(center: Center) -> RoutingVitals | None:
    async with center.api.read(center.tenant_id) as session:
        return await RoutingVitals.of(session, center.tenant_id)


async def of_queue(center: Center) -> dict[str, Any]:
    row = await vitals(center)
    return dict(row.queues["billing"]) if row else {}


async def alarms(center: Center) -> list[bool]:
    """Whether each alarm event, in order, raised one."""
    query = text("SELECT data FROM event_log WHERE type = :type ORDER BY position")
    async with center.worker.read() as session:
        rows = await session.execute(query, {"type": QueueChanged.type})
        return [QueueChanged.model_validate_json(row.data).data["alarm"]["raised"] for row in rows]


async def become(center: Center, presence: str, *names: str) -> None:
    """As the rows say it; the router is not told."""
    ids = [center.agents[name].id for name in names]
    async with center.api.transaction(center.tenant_id) as session:
        await session.execute(
            text("UPDATE agent SET presence = :p, presence_at = clock_timestamp() WHERE id = ANY(:ids)"),
            {"p": presence, "ids": ids},
        )


class TestLook:
    async def test_every_law_is_kept_and_what_waits_for_room_is_seen(self, center: Center) -> None:
        await center.sign_in("li")
        voice = await center.queue("voice")
        async with center.routed():
            await center.offered(voice, "li")
            await center.queue("voice")
            found = await eventually(lambda: self.waits(center))
        assert (found.breach_us, found.overtakes, found.double_legs) == (0, 0, 0)
        assert found.queues["billing"]["agents"] == 1

    async def waits(self, center: Center) -> RoutingVitals | None:
        row = await vitals(center)
        return row if row and row.oldest_eligible_us else None

    async def test_the_wait_at_its_place_is_quoted_to_each_entry(self, center: Center) -> None:
        """Li does three chats of a minute at once; nobody was before this one."""
        await center.sign_in("li")
        chat = await center.queue("chat")

        async def quoted() -> int | None:
            [entry] = await center.rows(_entry_of(chat))
            return entry.quoted_wait_us

        async with center.routed():
            assert await eventually(quoted) == 46_051_702


def _entry_of(interaction_id: Any) -> Any:
    return select(Segment).where(Segment.interaction_id == interaction_id, Segment.kind == SegmentKind.QUEUE)


class TestAlarm:
    async def test_half_of_a_queues_agents_stop_responding(self, center: Center) -> None:
        await center.sign_in("li")
        await center.sign_in("han")
        async with center.routed():
            await become(center, "not_responding", "han")
            alarmed = await eventually(lambda: self.alarmed(center))
            assert alarmed["not_responding"] == [str(center.agents["han"].id)]
        async with center.routed():  # another worker does not raise it again
            await become(center, "available", "han")
            await eventually(lambda: self.over(center))
        assert await alarms(center) == [True, False]

    async def alarmed(self, center: Center) -> dict[str, Any] | None:
        found = await of_queue(center)
        return found if found.get("alarm_since") else None

    async def over(self, center: Center) -> bool:
        return (await of_queue(center))["alarm_since"] is None

    def crew(self, agents: int, *lapsed_ago: float) -> Crew:
        since = {UUID(int=n): NOON - timedelta(seconds=ago) for n, ago in enumerate(lapsed_ago)}
        return Crew(agents, since)

    @pytest.mark.parametrize(
        ("agents", "lapsed_ago", "raised"),
        [
            (4, (1, 59), True),
            (4, (1,), False),
            (4, (1, 61), False),
            (3, (1,), False),
            (1, (0,), True),
            (0, (), False),
        ],
    )
    def test_within_a_minute(self, agents: int, lapsed_ago: tuple[float, ...], raised: bool) -> None:
        assert bool(alarm_since(self.crew(agents, *lapsed_ago), None, NOON)) is raised

    def test_it_stays_until_more_than_half_respond(self) -> None:
        assert alarm_since(self.crew(4, 600, 600), "then", NOON) == "then"
        assert alarm_since(self.crew(4, 600), "then", NOON) is None


class TestVitals:
    async def test_counts_add_up_over_a_day_and_are_summed_over_tenants(self, center: Center) -> None:
        queues = {"billing": {"agents": 2, "not_responding": ["a"], "alarm_since": "2026-11-22T12:00:00Z"}}
        for found in (Found(1_500_000, 1, 2, 9_000_000), Found(500_000, 0, 0, None)):
            async with center.worker.transaction(center.tenant_id) as session:
                await RoutingVitals.keep(session, center.tenant_id, found, queues)
        async with center.api.read() as session:
            seen = dict(await RoutingVitals.of_all(session))
        assert seen.pop("unchecked_seconds") < 60
        assert seen == {
            "breach_seconds": 2.0, "overtakes": 1, "double_legs": 0, "oldest_eligible_seconds": 0.0,
            "not_responding": 1, "alarms": 1,
        }  # fmt: skip


class TestMeasured:
    async def test_a_bad_service_level_lends(self, center: Center) -> None:
        """A call was abandoned after a minute: the level is 0, and who is in `spare` may take the next."""
        await publish_lending(center)
        lost = await center.queue("voice", policy_version=2)
        await center.work(lost, lambda work: work.customer_left())
        async with center.api.transaction(center.tenant_id) as session:
            await session.execute(text("UPDATE segment SET started_at = started_at - interval '60 s'"))
        await center.sign_in("han")
        waiting = await center.queue("voice", policy_version=2)
        async with center.routed():
            await center.offered(waiting, "han")
        query = text("SELECT document FROM routing_journal")
        async with center.worker.read(center.tenant_id) as session:
            told = [event for row in await session.execute(query) for event in row.document["events"]]
        measured = {"queue": "billing", "service_level_ppm": 0, "handle_us": {}}
        assert {"measured": measured} in told


async def publish_lending(center: Center) -> None:
    """Version 2: `billing` lends to `spare` below 80 %, where han is."""
    lend = [{"when": "service_level < 0.8", "queues": ["spare"]}]
    queues = [{**SETUP["queues"][0], "lend": lend}, {"key": "spare", "teams": [{"key": "spare"}]}]
    document = Document.model_validate(
        {**SETUP, "teams": [{"key": "support"}, {"key": "spare"}], "queues": queues}
    )
    published = published_policy(policy_document(document), document)
    async with center.api.transaction(center.tenant_id) as session:
        session.add(Policy(tenant_id=center.tenant_id, version=2, document=published, digest="2"))
        session.add(Queue(tenant_id=center.tenant_id, key="spare", name="Spare"))
        (await session.get_one(Agent, center.agents["han"].id)).teams = ["spare"]
