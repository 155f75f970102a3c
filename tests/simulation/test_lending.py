"""Queues that lend by what they measured: the simulation measures as the live service does."""

from pathlib import Path
from typing import Any

import pytest

from routing.policy import ChannelRules, Queue
from routing.recent import SAMPLES_MIN, Recent
from routing.requirement import ANYONE
from tests.simulation.play import HOUR, calls, played

MINUTE = 60_000_000


def two_queues(*lend: dict[str, Any]) -> dict[str, Any]:
    """`busy` has one agent, `calm` ten who have nothing to do."""
    agents = [{"email": "busy@test", "teams": ["busy"]}]
    agents += [{"email": f"calm{number}@test", "teams": ["calm"]} for number in range(10)]
    queues = [{"key": key, "teams": [{"key": key}]} for key in ("busy", "calm")]
    queues[0]["lend"] = list(lend)
    return {"teams": [{"key": "busy"}, {"key": "calm"}], "agents": agents, "queues": queues}


@pytest.mark.parametrize("when", ["service_level < 0.8", "estimated_wait_seconds > 60"])
def test_others_help_when_the_measured_figure_turns(tmp_path: Path, when: str) -> None:
    line = {**calls(60), "queue": "busy"}
    alone, helped = (
        played(tmp_path, two_queues(*lend), [line], horizon_seconds=10 * HOUR)["queues"]["busy"]
        for lend in ((), ({"when": when, "queues": ["calm"]},))
    )
    assert alone["answered"] < 0.5 * alone["offered"]
    assert helped["answered"] > 0.95 * helped["offered"]
    assert helped["asa_seconds"] < 300


def recent(expected_handle_us: int | None = None) -> Recent:
    rules = ChannelRules(offer_us=MINUTE, live=True, expected_handle_us=expected_handle_us)
    return Recent(Queue("q", (), ANYONE, {"voice": rules}, own_teams=frozenset()))


class TestRecent:
    def test_nothing_yet(self) -> None:
        measured = recent().measured(0)
        assert measured.service_level_ppm is None
        assert measured.handle_us == {}

    def test_the_latest_weigh_most(self) -> None:
        queue = recent()
        queue.ended(in_time=False, at=0)
        assert queue.measured(0).service_level_ppm == 0
        queue.ended(in_time=True, at=15 * MINUTE)
        assert queue.measured(15 * MINUTE).service_level_ppm == 731_059  # 1 / (1 + 1/e)

    def test_what_is_long_past_is_forgotten(self) -> None:
        queue = recent()
        queue.ended(in_time=False, at=0)
        assert queue.measured(44 * MINUTE).service_level_ppm == 0
        assert queue.measured(46 * MINUTE).service_level_ppm is None

    def test_twenty_samples_replace_what_the_set_up_expects(self) -> None:
        queue = recent(expected_handle_us=MINUTE)
        for _ in range(SAMPLES_MIN - 1):
            queue.handled("voice", 3 * MINUTE, 0)
        assert queue.measured(0).handle_us == {}
        queue.handled("voice", 3 * MINUTE, 0)
        assert queue.measured(0).handle_us == {"voice": 3 * MINUTE}

    def test_one_sample_is_better_than_nothing(self) -> None:
        queue = recent()
        queue.handled("voice", 3 * MINUTE, 0)
        assert queue.measured(0).handle_us == {"voice": 3 * MINUTE}
