"""The live path: snapshots set what the facts of a trace would have brought about."""

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decision import Decision
from routing.engine import Engine
from routing.events import RoutingEvent
from routing.policy import Policy
from routing.state import (
    AgentRemoved,
    AgentSnapshot,
    InteractionSnapshot,
    LegSnapshot,
    PolicyReplaced,
    agent_from_json,
    interaction_from_json,
    to_json,
)
from tests.routing import worlds
from tests.routing.center import micros, policy_of

SETUP = {
    "teams": [{"key": "t"}],
    "queues": [{"key": "q", "teams": [{"key": "t"}]}, {"key": "r", "teams": [{"key": "t"}]}],
}


def agent(name: str = "a", version: int = 1, **more: object) -> AgentSnapshot:
    told = {"presence": "available", "lease": True, "teams": ("t",), **more}
    return AgentSnapshot(id=name, version=version, key=f"{name}@x", **told)  # type: ignore[arg-type]


def work(name: str = "x", version: int = 1, **more: object) -> InteractionSnapshot:
    told = {"state": "queued", "queue": "q", "channel": "voice", "age_since": 0, "entered_at": 0, **more}
    return InteractionSnapshot(id=name, version=version, **told)  # type: ignore[arg-type]


def offered(version: int = 2, **more: object) -> InteractionSnapshot:
    leg = LegSnapshot("leg1", "a", "offered", 100, deadline=micros(20), **more)  # type: ignore[arg-type]
    return work(version=version, state="offered", legs=(leg,))


def kinds(made: object) -> list[tuple[str, str | None, str | None]]:
    return [(found.kind, found.interaction, found.agent) for found in made]  # type: ignore[attr-defined]


class TestDue:
    def test_work_whose_answer_is_only_taken_for_so_long_goes_first_from_then_on(self) -> None:
        engine = Engine(policy_of(SETUP))
        engine.apply([work("old"), work("window", age_since=micros(5), due=micros(60))], micros(6))
        assert engine.next_deadline() == micros(60)
        engine.apply([], micros(60))
        made = engine.apply([agent()], micros(61))
        assert kinds(made) == [("offer", "window", "a")]

    def test_before_it_the_order_is_as_ever(self) -> None:
        engine = Engine(policy_of(SETUP))
        engine.apply([work("old"), work("window", age_since=micros(5), due=micros(60))], micros(6))
        assert kinds(engine.apply([agent()], micros(59))) == [("offer", "old", "a")]


class TestRebuild:
    @settings(deadline=None, max_examples=20)
    @given(st.integers(0, 2**32))
    def test_an_engine_made_from_snapshots_goes_on_as_the_old_one(self, seed: int) -> None:
        random = Random(seed)
        document = worlds.policy(random)
        people = worlds.agents(random, document)
        lines = _each_id_once(worlds.trace(random, document, people, 80))
        policy = Policy.from_document(document)
        old = Engine(policy)
        old.apply(worlds.snapshots(people), 0)
        now = 0
        for at in sorted({line["at"] for line in lines}):
            new = Engine(policy)
            assert list(new.apply(old.snapshots(), now)) == [], seed
            now = at
            events = [worlds.event(line) for line in lines if line["at"] == at]
            told = [event for event in events if event is not None]
            assert _run(new, told, at) == _run(old, told, at), seed

    @settings(deadline=None, max_examples=20)
    @given(st.integers(0, 2**32))
    def test_being_told_again_what_is_so_changes_nothing(self, seed: int) -> None:
        random = Random(seed)
        document = worlds.policy(random)
        people = worlds.agents(random, document)
        lines = worlds.trace(random, document, people, 60)
        once, twice = (Engine(Policy.from_document(document)) for _ in range(2))
        for engine in (once, twice):
            engine.apply(worlds.snapshots(people), 0)
        for at in sorted({line["at"] for line in lines}):
            events = [worlds.event(line) for line in lines if line["at"] == at]
            told = [event for event in events if event is not None]
            assert _run(twice, told, at) == _run(once, told, at), seed
            again = [known._replace(force=True) for known in twice.snapshots()]
            assert list(twice.apply(again, at)) == [], seed


def _each_id_once(lines: list[worlds.Line]) -> list[worlds.Line]:
    """A rebuilt engine does not know what is over: traces here do not use an id twice."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        if line["type"] != "interaction.queued" or line["interaction"] not in seen:
            kept.append(line)
        if line["type"] == "interaction.queued":
            seen.add(line["interaction"])
    return kept


def _run(
    engine: Engine, events: Sequence[RoutingEvent], at: int
) -> list[tuple[int, str, str | None, str | None]]:
    made: list[Decision] = []
    while (due := engine.next_deadline()) is not None and due < at:
        made += engine.apply((), due)
    made += engine.apply(events, at)
    return [(found.at, found.kind, found.interaction, found.agent) for found in made]


class TestInteractionSnapshot:
    def engine(self) -> Engine:
        engine = Engine(policy_of(SETUP))
        engine.apply([agent(version=7)], 0)
        return engine

    def test_an_offer_carries_what_the_guard_needs(self) -> None:
        (made,) = self.engine().apply([work(version=3)], micros(2))
        assert (made.kind, made.interaction, made.agent, made.queue, made.units) == (
            "offer",
            "x",
            "a",
            "q",
            100,
        )
        assert (made.interaction_version, made.agent_version) == (3, 7)
        assert (made.deadline, made.score_us, made.rank) == (micros(22), micros(2), 1)

    def test_an_offer_stands_until_a_snapshot_says_otherwise(self) -> None:
        engine = self.engine()
        engine.apply([work()], 0)
        assert engine.next_deadline() == micros(20)
        assert kinds(engine.apply([], micros(20))) == [("missed", "x", "a")]

    def test_a_version_not_above_the_known_one_is_ignored(self) -> None:
        engine = self.engine()
        engine.apply([work(version=5)], 0)
        assert list(engine.apply([work(version=5), work(version=4, state="closed")], 1)) == []
        assert engine.next_deadline() == micros(20)

    def test_a_lost_guard_is_repaired_by_force(self) -> None:
        engine = self.engine()
        engine.apply([work(version=5)], 0)
        made = engine.apply([work(version=5, queue="r", force=True)], 1)
        assert [(found.kind, found.queue) for found in made] == [("offer", "r")]

    def test_an_older_row_is_not_forced(self) -> None:
        engine = self.engine()
        engine.apply([work(version=5)], 0)
        assert list(engine.apply([work(version=4, queue="r", force=True)], 1)) == []

    def test_of_several_versions_in_one_instant_the_highest_counts(self) -> None:
        engine = self.engine()
        assert list(engine.apply([work(version=3, state="closed"), work(version=2)], 1)) == []

    def test_a_closed_one_frees_the_agent_and_stays_closed(self) -> None:
        engine = self.engine()
        engine.apply([work()], 0)
        assert list(engine.apply([work(version=3, state="closed")], 1)) == []
        assert kinds(engine.apply([work("y")], 2)) == [("offer", "y", "a")]
        engine.apply([work(version=2)], 3)
        engine.apply([work("y", 2, state="abandoned")], 4)
        assert engine.snapshots() == [agent(version=7)]

    def test_the_deadline_of_a_told_offer(self) -> None:
        engine = self.engine()
        engine.apply([offered()], 1)
        (made,) = engine.apply([], micros(20))
        assert (made.kind, made.leg, made.reason) == ("missed", "leg1", "offer_deadline")

    def test_an_offer_not_shown_is_revoked_and_the_agent_skipped_for_30_seconds(self) -> None:
        engine = self.engine()
        engine.apply([agent("b", idle_since=5), offered(confirm_by=micros(3))], 1)
        made = engine.apply([], micros(3))
        assert kinds(made) == [("revoke", "x", "a"), ("offer", "x", "b")]
        assert made[0].reason == "undelivered"

    def test_shown_late_but_in_one_step_with_its_deadline_it_is_not_punished(self) -> None:
        engine = self.engine()
        engine.apply([offered(confirm_by=micros(3))], 1)
        assert kinds(engine.apply([], micros(25))) == [("revoke", "x", "a")]

    def test_a_leg_in_wrap_up_holds_its_units_while_the_interaction_waits(self) -> None:
        engine = self.engine()
        leg = LegSnapshot("leg1", "a", "wrap_up", 100, accepted_at=0)
        assert list(engine.apply([work(legs=(leg,))], 1)) == []
        assert kinds(engine.apply([work(version=2)], 2)) == [("offer", "x", "a")]

    def test_a_consult_leg_does_not_make_it_offered(self) -> None:
        engine = self.engine()
        primary = LegSnapshot("leg1", "a", "active", 100, accepted_at=0)
        consult = LegSnapshot("leg2", "b", "offered", 100, role="consult", deadline=micros(9))
        assert list(engine.apply([agent("b"), work(state="active", legs=(primary, consult))], 1)) == []
        assert list(engine.apply([work("y")], 2)) == []

    def test_parked_work_that_waits_again_returns_to_its_agent(self) -> None:
        engine = self.engine()
        engine.apply([agent("b", idle_since=-5)], 1)
        told = work(channel="email", preferred_agent="a", returned=True)
        assert kinds(engine.apply([told], 2)) == [("offer", "x", "a")]

    def test_an_unknown_queue_waits_until_the_policy_knows_it(self) -> None:
        engine = self.engine()
        assert list(engine.apply([work(queue="new")], 1)) == []
        setup = {**SETUP, "queues": [{"key": "new", "teams": [{"key": "t"}]}]}
        made = engine.apply([PolicyReplaced(policy_of(setup))], 2)
        assert kinds(made) == [("offer", "x", "a")]


class TestPolicyReplaced:
    def test_a_shorter_time_to_reassign_counts_at_once(self) -> None:
        """The engine that goes on and the one that is built anew must not differ."""
        leg = LegSnapshot("leg1", "a", "active", 33)
        chat = work(state="active", channel="chat", age_since=None, legs=(leg,))
        engine = Engine(policy_of(SETUP))
        engine.apply([agent(presence="offline", lease=False, lease_lost_at=0), chat], 0)
        assert engine.next_deadline() == micros(120)
        rules = {"chat": {"reassign_after_seconds": 30}}
        setup = {**SETUP, "queues": [{"key": "q", "teams": [{"key": "t"}], "channels": rules}]}
        assert list(engine.apply([PolicyReplaced(policy_of(setup))], micros(10))) == []
        assert engine.next_deadline() == micros(30)
        assert kinds(engine.apply([], micros(30))) == [("reassign", "x", "a")]


class TestAgentSnapshot:
    def engine(self, *told: AgentSnapshot) -> Engine:
        engine = Engine(policy_of(SETUP))
        engine.apply([*told, work()], 1)
        return engine

    def test_a_closed_socket_stops_new_offers_but_keeps_the_open_one(self) -> None:
        engine = self.engine(agent())
        assert list(engine.apply([agent(version=2, connected=False), work("y", channel="chat")], 2)) == []
        assert engine.next_deadline() == micros(20) + 1

    def test_what_ends_an_open_offer(self) -> None:
        for told, reason in (
            ({"presence": "break", "presence_reason": "lunch"}, "went_away"),
            ({"presence": "offline"}, "went_away"),
            ({"presence": "not_responding", "presence_reason": "missed"}, "not_responding"),
            ({"lease": False}, "lease_lost"),
        ):
            made = self.engine(agent()).apply([agent(version=2, **told)], 2)
            assert [(found.kind, found.reason) for found in made] == [("revoke", reason)]

    def test_an_offer_the_api_has_revoked_already_is_not_revoked_again(self) -> None:
        engine = self.engine(agent())
        assert list(engine.apply([agent(version=2, presence="break"), work(version=3)], 2)) == []

    def test_new_skills_count_at_once(self) -> None:
        engine = Engine(policy_of({**SETUP, "skills": ["french"]}))
        engine.apply([agent(), work(requirement="french >= 3")], 1)
        assert engine.next_deadline() is None
        assert kinds(engine.apply([agent(version=2, skills={"french": 3})], 2)) == [("offer", "x", "a")]

    def test_new_teams_count_at_once(self) -> None:
        engine = self.engine(agent(teams=()))
        assert kinds(engine.apply([agent(version=2)], 2)) == [("offer", "x", "a")]

    def test_no_voice_without_a_device_that_can_be_reached(self) -> None:
        engine = self.engine(agent(phones=()))
        assert list(engine.apply([], 2)) == []
        assert kinds(engine.apply([agent(version=2)], 3)) == [("offer", "x", "a")]

    def test_a_call_goes_to_a_phone_at_its_own_endpoint(self) -> None:
        engine = Engine(policy_of(SETUP))
        engine.apply([agent(phones=("here",)), work(endpoint="there", requirement="french or anyone")], 1)
        explained = engine.explain("x", 1)
        assert [(group.reason, group.agents) for group in explained.groups] == [("reachable", ("a",))]
        assert explained.requirement == "anyone"
        both = agent(version=2, phones=("here", "there"))
        assert kinds(engine.apply([both], 2)) == [("offer", "x", "a")]
        [told] = [found for found in engine.snapshots() if isinstance(found, InteractionSnapshot)]
        assert (told.endpoint, told.requirement) == ("there", "french >= 1 or anyone")

    def test_a_consult_that_rings_is_not_the_routers(self) -> None:
        primary = LegSnapshot("leg1", "a", "held", 100)
        consult = LegSnapshot("leg2", "b", "offered", 100, role="consult")
        engine = Engine(policy_of(SETUP))
        talking = work(state="active", legs=(primary, consult))
        assert list(engine.apply([agent(), agent("b"), talking], 1)) == []
        assert list(engine.apply([agent("b", 2, presence="break")], 2)) == []
        assert list(engine.apply([agent("b", 3), work("y", version=1)], 3)) == [], "their units are held"

    def test_the_countdown_of_a_lost_lease(self) -> None:
        chat = LegSnapshot("leg1", "a", "active", 33, accepted_at=0)
        engine = Engine(policy_of(SETUP))
        engine.apply(
            [agent(lease=False, lease_lost_at=micros(5)), work(channel="chat", state="active", legs=(chat,))],
            1,
        )
        assert engine.next_deadline() == micros(125)
        assert kinds(engine.apply([], micros(125))) == [("reassign", "x", "a")]

    def test_a_removed_agent_gets_nothing(self) -> None:
        engine = Engine(policy_of(SETUP))
        engine.apply([agent(), AgentRemoved("a", 2)], 1)
        assert list(engine.apply([work()], 2)) == []
        assert list(engine.apply([agent(version=2)], 3)) == []


class TestJson:
    def test_there_and_back(self) -> None:
        told = offered(confirm_by=5)._replace(excluded=(("b", 7),), returned=True)
        assert interaction_from_json(to_json(told)) == told
        person = agent(skills={"f": 3}, channels=("voice",), channel_max={"chat": 2})
        assert agent_from_json(to_json(person)) == person

    def test_unknown_fields_are_passed_over(self) -> None:
        assert agent_from_json({**to_json(agent()), "mood": "good"}) == agent()
