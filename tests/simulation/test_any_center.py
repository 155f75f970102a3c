"""Centers and traffic at random, of every feature that a set-up has: the figures add up."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.simulation.play import HOUR, constant, exponential, played

SEEDS = range(40)
CHANNELS = ("voice", "chat", "messaging", "email", "task")
QUEUES, TEAMS, SKILLS = ("q0", "q1", "q2"), ("t0", "t1", "t2"), ("french", "billing")


def setup(random: Random) -> dict[str, Any]:
    return {
        "skills": list(SKILLS),
        "tiers": [
            {"key": "gold", "head_start_seconds": 60, "max_wait_seconds": random.choice([30, {"voice": 20}])},
            {"key": "standard"},
        ],
        "work": {"interrupts": random.choice([{}, {"voice": ["email", "task"]}])},
        "teams": [{"key": key} for key in TEAMS],
        "agents": [agent(random, number) for number in range(random.randint(1, 12))],
        "queues": [queue(random, key) for key in QUEUES],
    }


def agent(random: Random, number: int) -> dict[str, Any]:
    return {
        "email": f"agent{number:02}@test",
        "teams": random.sample(TEAMS, random.randint(1, 3)),
        "skills": {skill: random.randint(1, 10) for skill in random.sample(SKILLS, random.randint(0, 2))},
        "capacity": random.choice([{}, {"chat": 2}, {"units": 200}]),
    }


def queue(random: Random, key: str) -> dict[str, Any]:
    others = [other for other in QUEUES if other > key]
    lend = {"when": random.choice(["nobody_signed_in", "service_level < 0.9", "estimated_wait_seconds > 30"])}
    requirement, step = random.choice([(None, None), ("billing", None), ("french >= 4", "anyone")])
    return {
        "key": key,
        "teams": [
            {"key": team, "rank": rank, "delay_seconds": random.choice([0, 0, 20])}
            for rank, team in enumerate(random.sample(TEAMS, random.randint(1, 3)), 1)
        ],
        "requirement": requirement,
        "steps": [{"after_seconds": 30, "requirement": step}] if step else [],
        "order": random.choice(["urgency", "strict"]),
        "strategy": random.choice(["longest_idle", "least_loaded", "best_skill"]),
        "lend": [{**lend, "queues": others}] if others and random.random() < 0.5 else [],
        "reserve_deferred": random.choice([None, 1]),
        "channels": random.choice([{}, {"voice": {"connect_seconds": 15}}]),
    }


def arrivals(random: Random) -> dict[str, Any]:
    times = [constant(random.choice([5, 60])), exponential(90)]
    return {
        "queue": random.choice(QUEUES),
        "channel": random.choice(CHANNELS),
        "tier": random.choice(["gold", "standard", None]),
        "requirement": random.choice([None, None, "french"]),
        "rate_per_hour": random.choice([20, 120, 600]),
        "handle": random.choice(times),
        "wrap_up_seconds": random.choice([0, 10]),
        "patience": random.choice([{"distribution": "none"}, *times]),
    }


def without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_figures_add_up(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    document = setup(random)
    document["queues"] = [without_nothing(queue) for queue in document["queues"]]
    shifts = [{"agents": "all", "available": ["00:00-00:30", "00:40-02:00"]}]
    scenario = {
        "horizon_seconds": HOUR,
        "warm_up_seconds": random.choice([0, 600]),
        "agents_accept_after_seconds": random.choice([0, 5, 20]),
        "seed": seed,
        **({"shifts": shifts} if random.random() < 0.5 else {}),
    }
    lines = [without_nothing(arrivals(random)) for _ in range(random.randint(1, 6))]
    result, again = (played(tmp_path, document, lines, **scenario) for _ in range(2))
    assert {**result, "wall_seconds": 0} == {**again, "wall_seconds": 0}
    for figures in result["queues"].values():
        parts = [figures[name] for name in ("answered", "abandoned", "short_abandoned", "still_waiting")]
        assert min(parts) >= 0
        assert sum(parts) == figures["offered"] == sum(t["offered"] for t in figures["by_tier"].values())
        assert figures["service_level"] is None or 0 <= figures["service_level"] <= 1
    assert result["occupancy"] is None or 0 <= result["occupancy"] <= 1
