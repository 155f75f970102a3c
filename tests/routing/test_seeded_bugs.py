"""Bugs planted on purpose: each must be caught by a law or by the reference within few seeds.

Each is the routing package copied from its source with one piece of text changed, under another name.
"""

from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tests.routing import worlds
from tests.routing.build import Build, with_bug
from tests.routing.faults import live_through
from tests.routing.reference import Reference, as_reference

SEEDS = 120


class Bug(NamedTuple):
    name: str
    file: str
    right: str
    wrong: str


BUGS = [
    Bug(
        "one_piece_too_many",
        "capacity.py",
        "pieces.get(name, 0) < limits[name]",
        "pieces.get(name, 0) <= limits[name]",
    ),
    Bug("forgotten_release", "world.py", "leg.agent.load.remove(leg.channel, leg.units)", "pass"),
    Bug("lost_age", "world.py", "if item.age_since is None:", "if True:"),
    Bug(
        "stale_version_taken_for_news", "intake.py", "return version > known or", "return version >= known or"
    ),
    Bug(
        "boost_forgotten_after_a_miss",
        "deadlines.py",
        'not_responding(world, leg.agent, "missed")',
        'not_responding(world, leg.agent, "missed"); leg.item.boost_us = 0',
    ),
    Bug("cool_down_survives_a_transfer", "world.py", "item.excluded = None", "pass"),
    Bug(
        "waited_here_survives_a_transfer",
        "world.py",
        "item.entered_at = now",
        "item.entered_at = item.entered_at or now",
    ),
    Bug(
        "promises_by_lateness",
        "world.py",
        "*order)",
        "*((0, overdue_at or 0) if is_overdue else order))",
    ),
    Bug(
        "rank_ignored", "policy.py", "ranks.setdefault(membership.rank, set())", "ranks.setdefault(1, set())"
    ),
    Bug("excluded_agent_offered", "entity.py", "if until > now)", "if until > now + 10**9)"),
    Bug("missed_and_still_available", "deadlines.py", 'not_responding(world, leg.agent, "missed")', "pass"),
    Bug(
        "delay_one_microsecond_late",
        "policy.py",
        "return self.thresholds[stage] if",
        "return self.thresholds[stage] + 1 if",
    ),
    Bug("return_does_not_stop_reassigning", "life.py", "        leg.reassign_at = None", "        pass"),
    Bug("offer_outlives_its_agents_lease", "life.py", 'withdraw(world, agent, "lease_lost")', "pass"),
    Bug(
        "held_work_is_never_resumed",
        "life.py",
        "if not any(_interrupts(world, handled, other) for handled in agent.legs):",
        "if False:",
    ),
    Bug(
        "only_the_first_step_opens",
        "policy.py",
        "in self.steps if step.after",
        "in self.steps[:1] if step.after",
    ),
    Bug(
        "the_last_agent_goes_before_the_named_one",
        "preference.py",
        "    for agent in present:\n        if agent.capacity",
        "    for agent in present[::-1]:\n        if agent.capacity",
    ),
    Bug("what_an_agent_learned_opens_no_queue", "world.py", "agent.queues = None", "pass"),
    Bug(
        "a_low_service_level_lends_nothing",
        "staffing.py",
        "return level is not None and level < limit",
        "return False",
    ),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_is_caught(bug: Bug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    build = with_bug(tmp_path, f"routing_{bug.name}", bug.file, bug.right, bug.wrong)
    assert any(is_caught(build, seed) for seed in range(SEEDS)), f"nobody saw it in {SEEDS} seeds"


def is_caught(build: Build, seed: int) -> bool:
    try:
        live_through(seed, build)
    except AssertionError as broken:
        print(f"seed {seed}: {broken}")
        return True
    return differs_from_the_reference(build, seed)


def differs_from_the_reference(build: Build, seed: int) -> bool:
    random = Random(seed)
    document = worlds.policy(random)
    people = worlds.agents(random, document)
    lines = worlds.trace(random, document, people, 120)
    engine, made = build.engine(document), []
    engine.apply(build.agents(people), 0)
    for at in sorted({line["at"] for line in lines}):
        while (due := engine.next_deadline()) is not None and due < at:
            made += engine.apply((), due)
        made += engine.apply(build.facts([line for line in lines if line["at"] == at]), at)
    return as_reference(made) != Reference(document, people).run(lines)
