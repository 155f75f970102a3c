"""Calls that nobody of ours answered: any order in which the platform's events arrive gives the same rows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from app.events import (
    Address,
    CallBridged,
    CallEnded,
    CallEvent,
    CallIncoming,
    CallsSnapshot,
    LegAnswered,
    LegEnded,
)
from tests.intake.house import House

BEGAN = datetime(2026, 11, 22, 9, tzinfo=UTC)
WANG = Address(kind="phone", value="+8613800138000")


def told(kind: type[CallEvent], sequence: int, call_id: str, **facts: Any) -> CallEvent:
    """The n-th event of a call, n seconds after it began."""
    return kind(
        external_id=f"{call_id}-{sequence}",
        conversation=call_id,
        sequence=sequence,
        occurred_at=BEGAN + timedelta(seconds=sequence),
        **facts,
    )


def abandoned(call_id: str) -> list[CallEvent]:
    return [
        told(CallIncoming, 1, call_id, address=WANG),
        told(LegAnswered, 2, call_id, leg="customer", leg_id="c"),
        told(CallEnded, 9, call_id, by="customer"),
    ]


def bridged(call_id: str) -> list[CallEvent]:
    """Another system of the company took it."""
    return [
        told(CallIncoming, 1, call_id, address=WANG),
        told(CallBridged, 4, call_id),
        told(LegEnded, 8, call_id, leg="customer", leg_id="c", by="customer"),
        told(CallEnded, 9, call_id, by="customer"),
    ]


async def rows_after(house: House, events: Sequence[CallEvent]) -> dict[str, Any]:
    """What stands of the call, arrival times apart."""
    await house.feed_one_by_one([house.envelope("hotline", event) for event in events])
    call_id = events[0].conversation
    [row] = await house.rows(
        """
        SELECT i.state, i.channel, i.queue, i.answered_at IS NOT NULL AS answered, a.value AS caller,
               (SELECT array_agg(s.kind || ':' || s.outcome) FROM segment s
                WHERE s.interaction_id = i.id) AS segments,
               (SELECT count(*) FROM touch t WHERE t.interaction_id = i.id) AS touches,
               c.bridged_at, c.last_sequence
        FROM interaction i JOIN call c ON c.interaction_id = i.id JOIN address a ON a.id = i.address_id
        WHERE i.conversation = :call
        """,
        call=call_id,
    )
    return row


class TestAnyOrder:
    async def test_of_an_abandoned_call_is_abandoned(self, house: House) -> None:
        seen = []
        for number, order in enumerate(permutations(range(3))):
            events = abandoned(f"left-{number}")
            seen.append(await rows_after(house, [events[place] for place in order]))
        assert seen[0]["state"] == "abandoned"
        assert seen[0]["segments"] == ["queue:abandoned"]
        assert seen[0]["touches"] == 1
        assert [row for row in seen if row != seen[0]] == []

    async def test_of_a_bridged_call_is_closed_and_answered(self, house: House) -> None:
        seen = []
        for number, order in enumerate(permutations(range(4))):
            events = bridged(f"taken-{number}")
            seen.append(await rows_after(house, [events[place] for place in order]))
        assert (seen[0]["state"], seen[0]["answered"]) == ("closed", True)
        assert seen[0]["segments"] == ["queue:answered"]
        assert [row for row in seen if row != seen[0]] == []

    @pytest.mark.parametrize("make", [abandoned, bridged])
    async def test_all_in_one_batch_gives_the_same(self, house: House, make: Any) -> None:
        one_by_one = await rows_after(house, make("alone"))
        together = [house.envelope("hotline", event) for event in reversed(make("together"))]
        await house.feed(*together)
        state = await house.value("SELECT state FROM interaction WHERE conversation = 'together'")
        assert state == one_by_one["state"]


class TestDurations:
    async def test_of_a_call_told_backwards_are_the_events_own(self, house: House) -> None:
        await rows_after(house, list(reversed(abandoned("late"))))
        waited = await house.value(
            """
            SELECT extract(epoch FROM s.ended_at - s.started_at) FROM segment s
            JOIN interaction i ON i.id = s.interaction_id WHERE i.conversation = 'late' AND s.kind = 'queue'
            """
        )
        assert float(waited) == 8


class TestTheListOfLiveCalls:
    async def test_undoes_nothing_that_came_with_it(self, house: House) -> None:
        """The call has ended, so the list is without it; both are in one batch."""
        beginning, _, end = abandoned("crossed")
        await house.feed(house.envelope("hotline", beginning))
        await house.execute("UPDATE call SET created_at = created_at - interval '1 minute'")
        listed = CallsSnapshot(external_id="list", call_ids=())
        await house.feed(house.envelope("hotline", end), house.envelope("hotline", listed))
        [call] = await house.rows("SELECT facts, last_sequence, ended_at FROM call")
        assert call["facts"]["ended"]["by"] == "customer"
        assert call["last_sequence"] == end.sequence
        assert call["ended_at"] is not None

    async def test_that_misses_a_call_twice_ends_it(self, house: House) -> None:
        await house.feed(house.envelope("hotline", abandoned("lost")[0]))
        await house.execute("UPDATE call SET created_at = created_at - interval '1 minute'")
        for number in range(2):
            listed = CallsSnapshot(external_id=f"list-{number}", call_ids=())
            await house.feed(house.envelope("hotline", listed))
        [row] = await house.rows("SELECT state, end_cause FROM interaction")
        assert row == {"state": "abandoned", "end_cause": "lost"}
