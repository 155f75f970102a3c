"""Crowds: hundreds of agents, so that rosters by skill, crowds of fresh agents and long logs come into play.

The reference would take minutes here: each offer is checked against the engine's own candidates, which look
at every agent, and each instant against the explanations of what is left waiting.
"""

from random import Random
from typing import Any

import pytest

from routing.decision import Decision
from routing.engine import Engine
from routing.events import (
    AgentAvailable,
    AgentUnavailable,
    InteractionCompleted,
    InteractionQueued,
    OfferAccepted,
    OfferDeclined,
    RoutingEvent,
)
from routing.policy import Policy
from routing.state import AgentSnapshot
from tests.routing import worlds

SKILLS = [f"s{number}" for number in range(8)]


class Crowd:
    def __init__(self, seed: int, agents: int) -> None:
        self.random = Random(seed)
        document = worlds.policy(self.random)
        for queue in document["queues"]:
            queue["requirement"] = self.random.choice(["anyone", "s0 >= 3", "s1 >= 2 or s2 >= 4"])
            for rules in queue["channels"].values():
                rules["offer_us"] = 10**12
        self.queues = [queue["key"] for queue in document["queues"]]
        self.tiers = [tier["key"] for tier in document["tiers"]] or [None]
        teams = sorted({team["team"] for queue in document["queues"] for team in queue["teams"]})
        self.agents = [self._agent(number, teams) for number in range(agents)]
        self.engine = Engine(Policy.from_document(document))
        self.engine.apply(self.agents, 0)
        self.now = 0
        self.held: list[Decision] = []
        self.active: list[Decision] = []
        self.waiting: set[str] = set()
        self.known = 0

    def _agent(self, number: int, teams: list[str]) -> AgentSnapshot:
        chosen = self.random.sample(SKILLS, 4)
        return AgentSnapshot(
            id=f"agent{number:03}",
            version=0,
            key=f"agent{number:03}",
            teams=tuple(self.random.sample(teams, self.random.randint(1, len(teams)))),
            skills={skill: self.random.randint(1, 8) for skill in chosen},
        )

    def tell(self, events: list[RoutingEvent]) -> None:
        self.now += self.random.choice([100_000, 1_000_000])
        made = self.engine.apply(events, self.now)
        for decision in made:
            if decision.kind == "offer":
                found = self.engine.candidates(decision)
                assert found.winner.agent == decision.agent
                self.held.append(decision)
                self.waiting.discard(decision.interaction or "")
            if decision.kind == "revoke":
                self.held = [held for held in self.held if held.interaction != decision.interaction]
                self.waiting.add(decision.interaction or "")

    def queued(self) -> RoutingEvent:
        self.known += 1
        name = f"x{self.known:05}"
        self.waiting.add(name)
        one, other = self.random.sample(SKILLS, 2)
        own = self.random.choice(
            [None, f"{one} >= 4", f"{one} >= 2 and {other} >= 3", f"{one} or {other} >= 5"]
        )
        return InteractionQueued(
            name,
            self.random.choice(self.queues),
            self.random.choice(["voice", "chat", "email"]),
            tier=self.random.choice(self.tiers),
            requirement=own,
        )

    def step(self) -> None:
        random = self.random
        events: list[RoutingEvent] = [self.queued() for _ in range(random.choice([0, 1, 1, 3]))]
        for _ in range(random.choice([0, 1, 2])):
            if self.held:
                offer = self.held.pop(random.randrange(len(self.held)))
                events.append(self._answer(offer))
        if self.active and random.random() < 0.7:
            done = self.active.pop(random.randrange(len(self.active)))
            events.append(InteractionCompleted(done.interaction or "", done.agent or ""))
        self.tell(events)

    def _answer(self, offer: Decision) -> RoutingEvent:
        pair = offer.interaction or "", offer.agent or ""
        if self.random.random() < 0.1:
            self.waiting.add(pair[0])
            return OfferDeclined(*pair)
        self.active.append(offer)
        return OfferAccepted(*pair)

    def check_nobody_could_serve_what_waits(self) -> None:
        for name in sorted(self.waiting):
            found = self.engine.explain(name, self.now)
            if found.state == "queued":
                assert sum(group.total for group in found.groups) == len(self.agents), name


def shift(crowd: Crowd, kind: Any, share: float) -> list[RoutingEvent]:
    return [kind(agent.id) for agent in crowd.agents if crowd.random.random() < share]


@pytest.mark.parametrize("seed", range(6))
def test_every_offer_goes_to_the_best_of_all_and_none_is_missed(seed: int) -> None:
    crowd = Crowd(seed, agents=160)
    crowd.tell([crowd.queued() for _ in range(30)])
    crowd.tell(shift(crowd, AgentAvailable, 0.5))
    for step in range(250):
        crowd.step()
        if step % 50 == 20:
            crowd.tell(shift(crowd, AgentUnavailable, 0.1))
            crowd.tell(shift(crowd, AgentAvailable, 0.3))
        if step % 25 == 0:
            crowd.check_nobody_could_serve_what_waits()
    crowd.check_nobody_could_serve_what_waits()
    assert crowd.engine.snapshots()
