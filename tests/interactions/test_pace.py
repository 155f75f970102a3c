"""How fast work gets done: who counts, how long a piece takes, and the order in which a queue is served."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from interactions.life.pace import Handling, Pace, handle_us, paces
from interactions.life.policies import TenantPolicy
from interactions.life.serving import places
from models.handling import Staffed
from models.interaction import Interaction, State
from routing.policy import Policy

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = 1_000_000
UNITS = {"voice": 100, "chat": 33, "messaging": 25, "email": 20, "task": 20}


def queue(key: str, **facts: Any) -> dict[str, Any]:
    rules = {"offer_us": 20 * SECOND, "expected_handle_us": 180 * SECOND}
    channels = {name: {**rules, "live": name in ("voice", "chat")} for name in UNITS}
    team = {"team": "support", "rank": 1, "delay_us": 0}
    plain = {"requirement": "anyone", "head_start_us": 0, "prefer": None}
    return {"key": key, "teams": [team], "channels": channels, **plain, **facts}


def policy(*queues: dict[str, Any], **tiers: int) -> Policy:
    """`tiers`: head start in seconds; each promises an answer within a minute."""
    found = [
        {"key": name, "head_start_us": by * SECOND, "promise_us": {}, "promise_live_us": 60 * SECOND}
        for name, by in tiers.items()
    ]
    return Policy.from_document(
        {"queues": list(queues), "tiers": found, "units": UNITS, "default_tier": None}
    )


def staffed(number: int, **facts: Any) -> Staffed:
    row: dict[str, Any] = {
        "id": UUID(int=number),
        "key": f"{number}@acme.test",
        "teams": ["support"],
        "channels": ["voice", "chat"],
        "skills": {},
        "units_max": 100,
        "channel_max": {},
        "presence": "available",
        "presence_at": NOON,
    }
    return Staffed(**row | facts)


class TestPaces:
    def test_concurrency_is_what_capacity_and_maximum_allow(self) -> None:
        """Three chats, two by their own maximum, none at 30 units: five at once among three agents."""
        agents = [staffed(1), staffed(2, channel_max={"chat": 2}), staffed(3, units_max=30)]
        found = paces(policy(queue("billing")), agents, {})
        assert found["billing", "chat"] == Pace(3, 5, 180 * SECOND)
        assert found["billing", "voice"] == Pace(3, 2, 180 * SECOND)

    def test_only_the_queues_own_set_counts(self) -> None:
        agents = [
            staffed(1, skills={"billing": 5}),
            staffed(2),
            staffed(3, teams=["sales"], skills={"billing": 9}),
            staffed(4, channels=["email"], skills={"billing": 9}),
        ]
        found = paces(policy(queue("billing", requirement="billing >= 3")), agents, {})
        assert found["billing", "voice"].agents == 1

    def test_nobody_there_is_no_estimate(self) -> None:
        pace = paces(policy(queue("billing")), [], {})["billing", "voice"]
        assert pace == Pace(0, 0, 180 * SECOND)
        assert pace.estimate(1) is None

    def test_two_agents_of_three_minutes_complete_one_in_ninety_seconds(self) -> None:
        estimate = Pace(2, 2, 180 * SECOND).estimate(1)
        assert estimate is not None
        assert (estimate.p50_us, estimate.p90_us) == (62_383_246, 207_232_658)

    @pytest.mark.parametrize(
        ("samples", "expected", "found"),
        [(0, 90, 90), (19, 90, 90), (20, 90, 200), (3, None, 200), (0, None, None)],
    )
    def test_the_set_up_is_believed_until_enough_was_measured(
        self, samples: int, expected: int | None, found: int | None
    ) -> None:
        measured = Handling(samples, 200) if samples else None
        assert handle_us(measured, expected) == found


class TestServingOrder:
    def waiting(self, number: int, waited: float, channel: str = "voice", tier: str = "plain") -> Interaction:
        since = NOON - timedelta(seconds=waited)
        return Interaction(
            id=UUID(int=number), queue="billing", channel=channel, tier=tier, state=State.QUEUED,
            age_us=0, boost_seconds=0, waiting_since=since, queue_entered_at=since,
        )  # fmt: skip

    def order(self, *waiting: Interaction, **of_queue: str) -> list[int]:
        known = policy(queue("billing", **of_queue), gold=20, plain=0)
        return [id_.int for id_ in places(TenantPolicy(1, known, {"queues": []}), waiting, NOON)]

    def test_age_and_head_start(self) -> None:
        waiting = self.waiting
        assert self.order(waiting(1, 10), waiting(2, 40), waiting(3, 25, tier="gold")) == [3, 2, 1]

    def test_live_goes_before_deferred_however_old(self) -> None:
        assert self.order(self.waiting(1, 9000, "email"), self.waiting(2, 1)) == [2, 1]

    def test_the_overdue_go_first(self) -> None:
        assert self.order(self.waiting(1, 59, tier="gold"), self.waiting(2, 61)) == [2, 1]

    def test_so_does_whose_reply_window_ends_soon(self) -> None:
        first, second = self.waiting(1, 90, "messaging"), self.waiting(2, 5, "messaging")
        second.reply_due_at = NOON
        assert self.order(first, second) == [2, 1]

    def test_a_strict_queue_asks_for_the_tier_before_the_age(self) -> None:
        waiting = [self.waiting(1, 50), self.waiting(2, 5, tier="gold"), self.waiting(3, 10, tier="gold")]
        assert self.order(*waiting, order="strict") == [3, 2, 1]

    def test_who_is_being_offered_takes_no_turn(self) -> None:
        first, second = self.waiting(1, 20), self.waiting(2, 10)
        first.state = State.OFFERED
        known = policy(queue("billing"), plain=0)
        found = places(TenantPolicy(1, known, {"queues": []}), [first, second], NOON)
        assert [(place.position, place.turn) for place in found.values()] == [(1, 1), (2, 1)]
