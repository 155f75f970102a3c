"""What the engine is told of its queues: what was measured, and no more often than it matters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from insights.figures import Entry
from insights.measuring import lending_by_level, measure, news
from interactions.life.pace import Pace
from routing.state import QueueMeasured
from tests.routing.center import policy_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = 1_000_000
LEND = [{"when": "service_level < 0.8", "queues": ["spare"]}]
SETUP: dict[str, Any] = {
    "teams": [{"key": "t"}, {"key": "s"}],
    "queues": [
        {
            "key": "q",
            "teams": [{"key": "t"}],
            "lend": LEND,
            "channels": {"voice": {"expected_handle_seconds": 60.0}},
        },
        {"key": "spare", "teams": [{"key": "s"}]},
    ],
}


def entry(number: int, outcome: str, waited: float) -> Entry:
    ended = NOON + timedelta(seconds=waited)
    return Entry(UUID(int=number), "q", "voice", "gold", "new", NOON, ended, outcome, 20, 5)


class TestMeasure:
    def test_the_level_of_the_last_minutes_and_handling_that_differs_from_the_set_up(self) -> None:
        """Of three that count, one was answered in time. Voice takes as long as expected, chats do not."""
        policy = policy_of(SETUP)
        paces = {("q", "voice"): Pace(1, 1, 60 * SECOND), ("q", "chat"): Pace(1, 3, 90 * SECOND)}
        entries = [entry(1, "answered", 3), entry(2, "answered", 30), entry(3, "abandoned", 9)]
        assert measure(policy, paces, [*entries, entry(4, "abandoned", 2)], NOON) == [
            QueueMeasured("q", 333_333, {"chat": 90 * SECOND}),
            QueueMeasured("spare", None, {}),
        ]

    def test_only_lending_by_level_asks_for_it(self) -> None:
        assert lending_by_level(policy_of(SETUP)) == ["q"]


class TestNews:
    BEFORE = QueueMeasured("q", 800_000, {"voice": 100 * SECOND})

    @pytest.mark.parametrize(
        ("now", "told"),
        [
            (QueueMeasured("q", 809_000, {"voice": 104 * SECOND}), False),
            (QueueMeasured("q", 790_000, {"voice": 100 * SECOND}), True),
            (QueueMeasured("q", 800_000, {"voice": 95 * SECOND}), True),
            (QueueMeasured("q", None, {"voice": 100 * SECOND}), True),
            (QueueMeasured("q", 800_000, {}), True),
            (QueueMeasured("other"), False),
        ],
    )
    def test_what_moved_as_much_as_matters(self, now: QueueMeasured, told: bool) -> None:
        assert bool(news([now], {"q": self.BEFORE})) is told
