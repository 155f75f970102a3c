"""Seeded simulation with faults: the laws hold on every bad day. A failure names its seed."""

from random import Random

import pytest

from tests.routing import worlds
from tests.routing.faults import live_through
from tests.routing.reference import Reference, as_reference
from tests.routing.seeds import BLOCKS, of_block
from tests.routing.watched import Watched


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_laws_hold_on_a_bad_day(block: int) -> None:
    for seed in of_block(block):
        try:
            live_through(seed)
        except AssertionError as broken:
            pytest.fail(f"seed {seed}: {broken}")


def test_a_bad_day_has_all_its_faults() -> None:
    made = [decision for seed in range(30) for decision in live_through(seed).made]
    assert {decision.kind for decision in made} >= {"offer", "revoke", "missed", "connect_failed", "ignored"}


@pytest.mark.parametrize("seed", range(3))
def test_the_same_decisions_as_the_reference_in_a_crowd(seed: int) -> None:
    """So many agents that they are found by skill and not one by one."""
    random = Random(seed)
    document = worlds.policy(random, worlds.ALL)
    people = worlds.agents(random, document, 40)
    lines = worlds.trace(random, document, people, 250)
    watched = Watched(document, people)
    for at in sorted({line["at"] for line in lines}):
        watched.tell(at, [line for line in lines if line["at"] == at])
    assert as_reference(watched.made) == Reference(document, people).run(lines)


@pytest.mark.parametrize("seed", range(10))
def test_the_same_decisions_as_the_reference_when_the_clock_steps(seed: int) -> None:
    random = Random(seed)
    document = worlds.policy(random)
    people = worlds.agents(random, document)
    lines = worlds.trace(random, document, people, 80)
    watched, reference = Watched(document, people), Reference(document, people)
    for at in sorted({line["at"] for line in lines}):
        now = [line for line in lines if line["at"] == at]
        watched.tell(at, now, jump=True)
        reference.instant(at, [line for line in now if line["type"] != "tick"])
    assert as_reference(watched.made) == reference.out
