"""Laws that hold after each instant of any trace, checked on random ones; a failure prints its seed."""

from collections.abc import Iterator
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decision import Decision
from routing.engine import Engine
from routing.events import InteractionCompleted, OfferAccepted
from routing.policy import Policy
from routing.state import AgentSnapshot, InteractionSnapshot, LegSnapshot
from tests.routing import worlds
from tests.routing.center import Center
from tests.routing.reference_rules import meets

SEEDS = st.integers(0, 2**32)
LENGTH = 60


class Told:
    """An engine after each instant of a random trace."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.document = worlds.policy(random)
        self.people = {person["id"]: person for person in worlds.agents(random, self.document)}
        self.lines = worlds.trace(random, self.document, list(self.people.values()), LENGTH)
        self.queues = {queue["key"]: queue for queue in self.document["queues"]}
        self.engine = Engine(Policy.from_document(self.document))
        self.now = 0
        self.random = random

    def instants(self, shuffle: bool = False) -> Iterator[list[Decision]]:
        self.engine.apply(worlds.snapshots(list(self.people.values())), 0)
        for at in sorted({line["at"] for line in self.lines}):
            while (due := self.engine.next_deadline()) is not None and due < at:
                self.now = due
                yield list(self.engine.apply((), due))
            events = [worlds.event(line) for line in self.lines if line["at"] == at]
            given_ = [event for event in events if event is not None]
            if shuffle:
                self.random.shuffle(given_)
            self.now = at
            yield list(self.engine.apply(given_, at))

    def agents(self) -> list[AgentSnapshot]:
        return [known for known in self.engine.snapshots() if isinstance(known, AgentSnapshot)]

    def interactions(self) -> list[InteractionSnapshot]:
        return [known for known in self.engine.snapshots() if isinstance(known, InteractionSnapshot)]

    def legs(self) -> list[tuple[InteractionSnapshot, LegSnapshot]]:
        return [(item, leg) for item in self.interactions() for leg in item.legs]


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_at_most_one_live_offer_or_primary_leg(seed: int) -> None:
    told = Told(seed)
    for _ in told.instants():
        assert all(len(item.legs) <= 1 for item in told.interactions())
        assert all(bool(item.legs) == (item.state != "queued") for item in told.interactions())


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_nobody_holds_more_than_they_can(seed: int) -> None:
    told = Told(seed)
    for _ in told.instants():
        for name, person in told.people.items():
            held = [(item.channel, leg.units) for item, leg in told.legs() if leg.agent == name]
            assert sum(units for _, units in held) <= person["units_max"]
            for channel, limit in person["channel_max"].items():
                assert sum(other == channel for other, _ in held) <= limit


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_offers_go_to_available_members_with_the_skills_on_their_channels(seed: int) -> None:
    told = Told(seed)
    for made in told.instants():
        items = {item.id: item for item in told.interactions()}
        agents = {agent.id: agent for agent in told.agents()}
        for offer in (decision for decision in made if decision.kind == "offer"):
            item, agent = items[offer.interaction or ""], agents[offer.agent or ""]
            queue = told.queues[item.queue]
            assert agent.presence == "available" and agent.lease
            assert any(team["team"] in agent.teams for team in queue["teams"])
            assert agent.channels is None or item.channel in agent.channels
            assert meets(item.requirement, dict(agent.skills), agent.key)
            assert meets(queue["requirement"], dict(agent.skills), agent.key)
            assert agent.id not in {name for name, until in item.excluded if until > told.now}


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_no_eligible_agent_is_left_beside_eligible_work(seed: int) -> None:
    told = Told(seed)
    for _ in told.instants():
        for item in told.interactions():
            if item.state == "queued":
                found = told.engine.explain(item.id, told.now)
                assert sum(group.total for group in found.groups) == len(told.people), seed


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_the_order_of_input_within_an_instant_does_not_matter(seed: int) -> None:
    straight = list(Told(seed).instants())
    assert list(Told(seed).instants(shuffle=True)) == straight


@settings(deadline=None, max_examples=12)
@given(SEEDS)
def test_a_repeat_gives_the_same_bytes(seed: int) -> None:
    first = repr(list(Told(seed).instants()))
    assert repr(list(Told(seed).instants())) == first


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), min_size=1, max_size=12))
def test_no_overtaking_beyond_the_head_start(arrivals: list[tuple[int, int]]) -> None:
    """x is never served after y that came more than head_start(y) − head_start(x) later."""
    head_starts = (0, 10, 30)
    tiers = [{"key": f"tier{number}", "head_start_seconds": head} for number, head in enumerate(head_starts)]
    center = Center({"a": {}}, tiers=tiers)
    arrivals.sort()
    for number, (at, tier) in enumerate(arrivals):
        center.queue(at, f"x{number:02}", tier=f"tier{tier}")
    served: list[int] = []
    center.available(61, "a")
    for step in range(len(arrivals)):
        name = center.made[-1].interaction or ""
        served.append(int(name[1:]))
        center.tell(62 + step, OfferAccepted(name, "a"))
        center.tell(62 + step, InteractionCompleted(name, "a"))
    for place, earlier in enumerate(served):
        for later in served[place + 1 :]:
            (at, tier), (other_at, other_tier) = arrivals[earlier], arrivals[later]
            assert at - other_at <= head_starts[tier] - head_starts[other_tier]


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_candidates_name_the_winner_and_account_for_every_agent(seed: int) -> None:
    told = Told(seed)
    for made in told.instants():
        for offer in (decision for decision in made if decision.kind == "offer"):
            found = told.engine.candidates(offer)
            assert found.winner.agent == offer.agent, seed
            assert found.winner.rank == offer.rank
            assert found.age_us + found.head_start_us == offer.score_us
            accounted = found.eligible + found.outside + sum(group.total for group in found.groups)
            assert accounted == len(told.people), seed
