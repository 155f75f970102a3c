"""The live invariants: nothing to find on any day of a sound engine, and each breach of a law is found."""

from random import Random
from typing import Any

import pytest

from routing.decision import Decision
from routing.engine import Engine
from routing.entity import Leg
from routing.events import AgentAvailable, InteractionQueued, RoutingEvent
from routing.instant import arranged
from routing.intake import apply_event
from routing.look import look, overtakes
from routing.world import World
from tests.routing import worlds
from tests.routing.build import Build
from tests.routing.center import SECOND, Center, policy_of
from tests.routing.seeds import BLOCKS, of_block

ONE_QUEUE: dict[str, Any] = {
    "teams": [{"key": "t"}],
    "tiers": [{"key": "gold", "head_start_seconds": 60}, {"key": "plain", "default": True}],
    "queues": [{"key": "q", "teams": [{"key": "t"}]}],
}


def unmatched(*events: RoutingEvent) -> World:
    """A world in which all this happened and nobody looked for work."""
    world = World(policy_of(ONE_QUEUE))
    world.begin(0)
    for event in (*Center({"a@x": {}}).engine.snapshots(), *arranged(events)):
        apply_event(world, event, 0)  # type: ignore[arg-type]
    world.waiting.shelve_all()
    return world


class TestASoundEngine:
    @pytest.mark.parametrize("block", range(BLOCKS))
    def test_shows_nothing_on_random_days(self, block: int) -> None:
        for seed in of_block(block):
            engine, lines, build = day(seed)
            for at in sorted({line["at"] for line in lines}):
                while (due := engine.next_deadline()) is not None and due < at:
                    self.check(engine, engine.apply((), due), due, seed)
                facts = build.facts([line for line in lines if line["at"] == at])
                self.check(engine, engine.apply(facts, at), at, seed)

    def check(self, engine: Engine, decisions: Any, now: int, seed: int) -> None:
        assert not engine.look(now).breaching, f"seed {seed} at {now}"
        offers = [decision for decision in decisions if decision.kind == "offer"]
        assert not [offer for offer in offers if engine.overtakes(offer)], f"seed {seed} at {now}"

    def test_says_how_long_work_has_waited_for_room(self) -> None:
        center = Center({"a@x": {}})
        center.available(0, "a@x")
        for number in (1, 2, 3):
            center.queue(number, f"x{number}")
        assert center.engine.look(9 * SECOND).oldest_us == {"q": 7 * SECOND}
        assert center.engine.turns(["x1", "x3", "x2"]) == {"x1": 1, "x2": 1, "x3": 2}

    def test_work_that_nobody_here_may_take_waits_for_no_room(self) -> None:
        center = Center({"a@x": {}})
        center.available(0, "a@x")
        center.queue(1, "x1", requirement="french >= 1")
        assert center.engine.look(9 * SECOND).oldest_us == {}


class TestABreach:
    def test_work_beside_an_agent_who_may_take_it(self) -> None:
        world = unmatched(AgentAvailable("a@x"), InteractionQueued("x1", "q", "voice"))
        found = look(world, 3 * SECOND)
        assert (found.breaching, found.oldest_us) == ({"x1"}, {"q": 3 * SECOND})

    def offered(self, chosen: str, tier: str = "plain") -> tuple[World, Decision]:
        """x1 came a moment before x2; `chosen` is offered."""
        world = unmatched(AgentAvailable("a@x"), InteractionQueued("x1", "q", "voice", tier="plain"))
        world.begin(SECOND)
        apply_event(world, InteractionQueued("x2", "q", "voice", tier=tier), SECOND)
        world.waiting.shelve_all()
        item, agent = world.items[chosen], world.agents["a@x"]
        score = SECOND - world.origin(item, world.policy.queues["q"], SECOND)
        world.unplace(item)
        leg = Leg(item, agent, 100)
        leg.ordinal = world.ordinal + 1
        world.attach(leg)
        world.decide("offer", "longest_idle", item, agent, score_us=score, rank=1)
        return world, world.decisions[-1]

    def test_going_before_who_came_earlier(self) -> None:
        assert overtakes(*self.offered("x2"))
        assert not overtakes(*self.offered("x1"))

    def test_going_before_by_the_head_start_is_none(self) -> None:
        assert not overtakes(*self.offered("x2", tier="gold"))


def day(seed: int) -> tuple[Engine, list[dict[str, Any]], Build]:
    random = Random(seed)
    document = worlds.policy(random)
    people = worlds.agents(random, document)
    lines = worlds.trace(random, document, people, 60)
    build = Build()
    engine = build.engine(document)
    engine.apply(build.agents(people), 0)
    return engine, lines, build
