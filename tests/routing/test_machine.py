"""The laws as a state machine: Hypothesis looks for the shortest story that breaks one."""

from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.routing import worlds
from tests.routing.faults import interfere
from tests.routing.reference_rules import Item
from tests.routing.seeds import SEEDS
from tests.routing.watched import Watched

PICK = st.integers(0, 2**16)
LATER = st.sampled_from([0, 0, 1, 2]).map(lambda seconds: seconds * worlds.SECOND)


def having(*legs: str | None) -> Any:
    """Only while some interaction is in that state."""
    return precondition(lambda center: center.some(0, *legs) is not None)


class Center(RuleBasedStateMachine):
    """Each rule is one fact at a later time, or a fault. After each the laws are checked."""

    @initialize(seed=st.integers(0, 2**32))
    def opens(self, seed: int) -> None:
        self.random = Random(seed)
        self.document = worlds.policy(self.random)
        people = worlds.agents(self.random, self.document)
        self.watched = Watched(self.document, people)
        self.names = [person["id"] for person in people]
        self.known = 0
        self.last: list[worlds.Line] = []
        self.a_shift_begins()

    def tell(self, kind: str, later: int = 0, jump: bool = False, **fields: Any) -> None:
        at = self.watched.now + later
        self.last = [{"at": at, "type": kind, **fields}]
        self.watched.tell(at, self.last, jump)

    def some(self, pick: int, *legs: str | None) -> Item | None:
        items = [item for _, item in sorted(self.watched.picture.items.items()) if item["leg"] in legs]
        return items[pick % len(items)] if items else None

    def about(self, kind: str, pick: int, later: int, *legs: str | None) -> None:
        """A fact of some interaction that fits, told of its agent."""
        item = self.some(pick, *legs)
        if item is not None:
            self.tell(kind, later, interaction=item["id"], agent=item["agent"])

    @rule(later=LATER, count=st.sampled_from([1, 3, 6]))
    def queued(self, later: int, count: int) -> None:
        for place in range(count):
            self.comes(later if place == 0 else 0)

    def comes(self, later: int) -> None:
        self.known += 1
        queue = self.random.choice(self.document["queues"])["key"]
        fields = worlds.queued(self.random, f"x{self.known}", queue, self.document, self.names)
        self.tell("interaction.queued", later, **fields)

    @rule()
    def a_shift_begins(self) -> None:
        for name in self.names:
            self.tell("agent.available", agent=name)

    @rule(pick=PICK, later=LATER)
    def available(self, pick: int, later: int) -> None:
        self.tell("agent.available", later, agent=self.names[pick % len(self.names)])

    @rule(pick=PICK, later=LATER, reason=st.sampled_from(["lunch", "offline"]))
    def unavailable(self, pick: int, later: int, reason: str) -> None:
        self.tell("agent.unavailable", later, agent=self.names[pick % len(self.names)], reason=reason)

    @rule(pick=PICK, later=LATER)
    def lease_lost(self, pick: int, later: int) -> None:
        self.tell("agent.lease_lost", later, agent=self.names[pick % len(self.names)])

    @having("offered", "connecting")
    @rule()
    def everybody_picks_up(self) -> None:
        """Whatever rings is accepted, and what connects is bridged."""
        for leg, kind in (("offered", "offer.accepted"), ("connecting", "interaction.connected")):
            items = [item for _, item in sorted(self.watched.picture.items.items()) if item["leg"] == leg]
            for item in items:
                self.tell(kind, interaction=item["id"], agent=item["agent"])

    @having("offered")
    @rule(pick=PICK, later=st.sampled_from([0, worlds.SECOND]))
    def accepted(self, pick: int, later: int) -> None:
        self.about("offer.accepted", pick, later, "offered")

    @having("offered")
    @rule(pick=PICK, later=LATER)
    def declined(self, pick: int, later: int) -> None:
        self.about("offer.declined", pick, later, "offered")

    @having("connecting")
    @rule(pick=PICK, later=LATER)
    def connected(self, pick: int, later: int) -> None:
        self.about("interaction.connected", pick, later, "connecting")

    @having("connecting")
    @rule(pick=PICK, later=LATER)
    def connect_failed(self, pick: int, later: int) -> None:
        self.about("offer.connect_failed", pick, later, "connecting")

    @having("active", "held")
    @rule(pick=PICK, later=LATER)
    def completed(self, pick: int, later: int) -> None:
        self.about("interaction.completed", pick, later, "active", "held")

    @having(None, "offered", "connecting")
    @rule(pick=PICK, later=LATER)
    def left(self, pick: int, later: int) -> None:
        item = self.some(pick, None, "offered", "connecting")
        if item is not None:
            self.tell("interaction.left", later, interaction=item["id"])

    @having("active", "held")
    @rule(pick=PICK, later=LATER)
    def transferred(self, pick: int, later: int) -> None:
        item, queues = self.some(pick, "active", "held"), self.document["queues"]
        if item is not None:
            queue = queues[pick % len(queues)]["key"]
            self.tell("interaction.transferred", later, interaction=item["id"], queue=queue)

    @rule(later=st.sampled_from([2, 5, 20]))
    def time_passes(self, later: int) -> None:
        self.tell("tick", later * worlds.SECOND)

    @rule(later=st.sampled_from([30, 600]))
    def clock_steps_forward(self, later: int) -> None:
        self.tell("tick", later * worlds.SECOND, jump=True)

    @rule(later=LATER)
    def the_last_fact_comes_again(self, later: int) -> None:
        if self.last and self.last[0]["type"] != "interaction.queued":
            self.watched.tell(self.watched.now + later, self.last)

    @rule(seed=PICK)
    def a_supervisor_changes_something(self, seed: int) -> None:
        interfere(Random(seed), self.watched)

    @rule()
    def the_worker_crashes(self) -> None:
        self.watched.crash()


TestCenter = Center.TestCase
TestCenter.settings = settings(
    max_examples=SEEDS,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
