"""What a worker recorded gives the same decisions again, whatever happened to it; what was changed shows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.bus.outbox import append
from app.clock import SystemClock
from app.errors import CommandError
from app.events import PolicyPublished
from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from interactions.agents import offers
from models import Policy
from models.agent import Presence
from tests.replay.conftest import Recorder
from tests.waiting import eventually
from tests.worker.center import SETUP, Center
from tests.worker.test_recovery import FailingOnce
from tests.worker.test_watch import publish_lending


class LeapingClock(SystemClock):
    """Time that may be made to pass at once."""

    leap_seconds = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.leap_seconds


async def serve_one(center: Center) -> None:
    """A chat is offered to Li, who goes to lunch; Han gets it; a call waits until Li is back."""
    await center.sign_in("li")
    chat = await center.queue()
    await center.offered(chat, "li")
    await center.choose("li", Presence.BREAK, "lunch")
    await center.sign_in("han")
    await center.offered(chat, "han")
    call = await center.queue("voice")
    await center.choose("li", Presence.AVAILABLE)
    await center.offered(call, "li")


class TestSame:
    async def test_an_ordinary_stretch(self, recorder: Recorder) -> None:
        async with recorder.center.routed():
            await serve_one(recorder.center)
        found = await recorder.replay()
        assert (found["exit"], found["difference"], found["instants_before"]) == (0, None, 0)
        [(rows, decisions)] = await recorder.rows("SELECT count(*), sum(decision_count) FROM routing_journal")
        assert (found["instants"], found["decisions"]) == (rows, decisions)
        assert decisions == 3
        assert await recorder.printed() == f"{rows} instants, {decisions} decisions, all the same\n"

    async def test_workers_that_follow_each_other(self, recorder: Recorder) -> None:
        await recorder.center.sign_in("li")
        for _ in range(3):
            async with recorder.center.routed():
                await recorder.center.offered(await recorder.center.queue(), "li")
        assert (await recorder.kinds()).count("rebuild") == 3
        epochs = await recorder.rows("SELECT DISTINCT epoch FROM routing_journal")
        assert len(epochs) == 3
        assert (await recorder.replay())["exit"] == 0

    async def test_a_policy_that_changed_in_the_middle(self, recorder: Recorder) -> None:
        center = recorder.center
        await center.sign_in("wang")  # billing 1
        async with center.routed():
            await eventually(recorder.kinds)
            waiting = await center.queue()
            await publish(center, 2, requirement="billing >= 1")
            await center.offered(waiting, "wang")
        versions = await recorder.rows(
            "SELECT DISTINCT document->>'policy_version' AS v FROM routing_journal"
        )
        assert {row.v for row in versions} == {"1", "2"}
        assert (await recorder.replay())["exit"] == 0

    async def test_a_decision_that_did_not_hold(self, recorder: Recorder) -> None:
        """The rows said otherwise: the engine is told, and so is the replay."""
        center = recorder.center
        socket = await center.sign_in("li")
        async with center.routed():
            await eventually(recorder.kinds)
            await center.offered(await center.queue(), "li")
            await recorder.change("UPDATE agent SET signed_in = false WHERE name = 'Li'")
            waiting = await center.queue()
            await eventually(lambda: has_lost(recorder))
            await center.sign_in("li", socket=socket)
            await center.offered(waiting, "li")
        assert (await recorder.replay())["exit"] == 0

    async def test_a_transaction_that_failed(self, recorder: Recorder) -> None:
        """All that the engine had been told is forgotten with it, and so is what it wrote down."""
        center = recorder.center
        routing = FailingOnce(center.policies, center.timers(), center.watch(), center.clock)
        async with center.routed(routing):
            await eventually(recorder.kinds)
            await center.sign_in("li")
            await center.offered(await center.queue(), "li")
        assert (await recorder.kinds()).count("rebuild") == 2
        assert (await recorder.replay())["exit"] == 0

    async def test_an_engine_is_built_anew_once_a_day(self, recorder: Recorder) -> None:
        center, clock = recorder.center, LeapingClock()
        center.clock = clock
        await center.sign_in("li")
        async with center.routed():
            await eventually(recorder.kinds)
            clock.leap_seconds = 25 * 3600
            await center.offered(await center.queue(), "li")
        assert (await recorder.kinds()).count("rebuild") == 2
        assert (await recorder.replay())["exit"] == 0

    async def test_lending_by_what_was_measured(self, recorder: Recorder) -> None:
        center = recorder.center
        await publish_lending(center)
        await center.sign_in("han")
        lost = await center.queue("voice", policy_version=2)
        await center.work(lost, lambda work: work.customer_left())
        await recorder.change("UPDATE segment SET started_at = started_at - interval '60 s'")
        waiting = await center.queue("voice", policy_version=2)
        async with center.routed():
            await center.offered(waiting, "han")
        query = "SELECT 1 FROM routing_journal WHERE CAST(document->'events' AS text) LIKE '%\"measured\"%'"
        assert await recorder.rows(query)
        assert (await recorder.replay())["exit"] == 0

    async def test_a_threshold_that_passed_without_a_decision(self, recorder: Recorder) -> None:
        """A cool-down ends while nobody is free: no event, no decision, and yet the engine has moved."""
        center = recorder.center
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue(), "li")
            async with center.api.transaction(center.tenant_id) as session:
                who = (center.tenant_id, offer.id, center.agents["li"].id)
                await offers.decline(session, *who, None, center.policies)
            await center.choose("li", Presence.BREAK, "lunch")
        assert (await recorder.replay())["exit"] == 0


async def has_lost(recorder: Recorder) -> bool:
    return "lost_guard" in await recorder.kinds()


async def publish(center: Center, version: int, **queue: Any) -> None:
    """Another version of the policy, its queue so changed."""
    document = Document.model_validate({**SETUP, "queues": [{**SETUP["queues"][0], **queue}]})
    published = published_policy(policy_document(document), document)
    async with center.api.transaction(center.tenant_id) as session:
        row = Policy(tenant_id=center.tenant_id, version=version, document=published, digest=str(version))
        session.add(row)
        append(session, PolicyPublished(version=version), key=str(center.tenant_id))


class TestInterval:
    async def test_the_middle_is_led_up_to_from_the_last_rebuild(self, recorder: Recorder) -> None:
        await recorder.center.sign_in("li")
        async with recorder.center.routed():
            await recorder.center.offered(await recorder.center.queue(), "li")
            await recorder.center.offered(await recorder.center.queue(), "li")
        times = [row.now_us for row in await recorder.rows("SELECT now_us FROM routing_journal ORDER BY 1")]
        found = await recorder.replay(moment(times[-1]))
        assert (found["exit"], found["instants"]) == (0, 1)
        assert found["instants_before"] == len(times) - 1
        assert "lead up to" in await recorder.printed(moment(times[-1]))

    async def test_nothing_recorded(self, recorder: Recorder) -> None:
        nothing = "Nothing of acme was recorded from 2001-01-01 to 2001-01-02"
        with pytest.raises(CommandError, match=f"{nothing}, nor at any other time"):
            await recorder.replay("2001-01-01", "2001-01-02")
        await self._record(recorder)
        with pytest.raises(CommandError, match=rf"{nothing}: the journal runs from 20\d\d-"):
            await recorder.replay("2001-01-01", "2001-01-02")

    async def test_the_beginning_is_not_kept_any_longer(self, recorder: Recorder) -> None:
        await self._record(recorder)
        await recorder.change("DELETE FROM routing_journal WHERE kind = 'rebuild'")
        with pytest.raises(CommandError, match="begins in the middle"):
            await recorder.replay()

    @pytest.mark.parametrize(
        ("start", "end", "why"),
        [
            ("yesterday", "2026-01-02", "yesterday is not a time"),
            ("0001-01-01T00:00:00+14:00", "2026-01-02", "is not a time"),
            ("2026-01-02", "2026-01-01", "not after"),
        ],
    )
    async def test_times_that_are_none(self, recorder: Recorder, start: str, end: str, why: str) -> None:
        with pytest.raises(CommandError, match=why):
            await recorder.replay(start, end)

    async def test_an_unknown_tenant(self, recorder: Recorder) -> None:
        with pytest.raises(CommandError, match="no tenant nobody; there is acme"):
            await recorder.replay(tenant="nobody")

    async def _record(self, recorder: Recorder) -> None:
        await recorder.center.sign_in("li")
        async with recorder.center.routed():
            await recorder.center.offered(await recorder.center.queue(), "li")


def moment(at_us: int) -> str:
    at = datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(microseconds=at_us)
    return at.isoformat()


class TestChanged:
    @pytest.fixture(autouse=True)
    async def recorded(self, recorder: Recorder) -> None:
        async with recorder.center.routed():
            await serve_one(recorder.center)

    async def test_another_agent(self, recorder: Recorder) -> None:
        await recorder.change(
            "UPDATE routing_journal SET document = jsonb_set(document, '{decisions,0,agent}', '\"somebody\"')"
            " WHERE position = (SELECT min(position) FROM routing_journal WHERE decision_count > 0)"
        )
        found = await recorder.replay()
        difference = found["difference"]
        assert found["exit"] == 1
        assert difference["recorded"]["agent"] == "somebody"
        assert difference["now"]["agent"] == str(recorder.center.agents["li"].id)
        [row] = await recorder.rows("SELECT min(position) AS p FROM routing_journal WHERE decision_count > 0")
        assert difference["position"] == row.p
        assert f"position {row.p}, " in await recorder.printed()

    async def test_a_decision_taken_out(self, recorder: Recorder) -> None:
        await recorder.change(
            "UPDATE routing_journal SET document = document #- '{decisions,0}' WHERE decision_count > 0"
        )
        found = await recorder.replay()
        assert (found["exit"], found["difference"]["recorded"]) == (1, None)

    async def test_an_entry_taken_out(self, recorder: Recorder) -> None:
        await recorder.change(
            "DELETE FROM routing_journal WHERE position = (SELECT min(position) + 1 FROM routing_journal)"
        )
        with pytest.raises(CommandError, match="entry 1 since the rebuild is missing"):
            await recorder.replay()

    async def test_an_input_of_a_later_version(self, recorder: Recorder) -> None:
        await recorder.change(
            "UPDATE routing_journal SET document = jsonb_set(document, '{events}', '[{\"weather\": {}}]')"
            " WHERE kind <> 'rebuild'"
        )
        with pytest.raises(CommandError, match=r"'weather'.*version of Touchpoint that recorded it"):
            await recorder.replay()

    async def test_decisions_of_before_a_field_was_added(self, recorder: Recorder) -> None:
        await recorder.change(
            "UPDATE routing_journal SET document = document #- '{decisions,0,rank}' WHERE decision_count > 0"
        )
        assert (await recorder.replay())["exit"] == 0

    async def test_entries_of_before_they_were_counted(self, recorder: Recorder) -> None:
        await recorder.change("UPDATE routing_journal SET document = document - 'number'")
        assert (await recorder.replay())["exit"] == 0


async def test_of_several_tenants_one_is_named(recorder: Recorder) -> None:
    await recorder.center.sign_in("li")
    async with recorder.center.routed():
        await recorder.center.offered(await recorder.center.queue(), "li")
    await recorder.change(
        "INSERT INTO tenant (id, key, name, time_zone, languages, outbound_allow, secret)"
        " VALUES (gen_random_uuid(), 'other', 'Other', 'UTC', '{en}', '{}', '')"
    )
    with pytest.raises(CommandError, match="--tenant; there is acme, other"):
        await recorder.replay()
    with pytest.raises(CommandError, match="Nothing of other"):
        await recorder.replay(tenant="other")
    assert (await recorder.replay(tenant="acme"))["exit"] == 0
