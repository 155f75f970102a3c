"""What a what-if takes from the record, rule by rule (docs/replay.md), on stretches of a minute or two."""

from typing import Any

import pytest

from app.setup.model import Document
from app.setup.policy import policy_document
from app.setup.service import published_policy
from routing.conditions import Conditions, Unknowable
from routing.history import Reader
from routing.policy import Policy
from routing.state import AgentSnapshot, InteractionSnapshot, LegSnapshot
from routing.whatif import Outcome, as_it_was, run

S = 1_000_000
END = 1000 * S
LI, HAN = "li", "han"

Fact = tuple[float, InteractionSnapshot | AgentSnapshot]


def policy(**teams: str) -> Policy:
    """Two queues, each served by a team of its own name unless said otherwise."""
    queues = [{"key": key, "teams": [{"key": teams.get(key, key)}]} for key in ("billing", "sales")]
    setup = {"teams": [{"key": "billing"}, {"key": "sales"}, {"key": "nobody"}], "queues": queues}
    document = Document.model_validate(setup)
    return Policy.from_document(published_policy(policy_document(document), document))


def here(agent: str, team: str, **more: Any) -> AgentSnapshot:
    return AgentSnapshot(agent, 1, f"{agent}@acme.test", "available", lease=True, teams=(team,), **more)


def call(name: str, at: float, version: int, state: str, agent: str = "", **more: Any) -> Fact:
    """A fact about a call; the agent's part is in the same state."""
    entered = round(more.pop("entered", 0) * S)
    legs = (LegSnapshot(f"{name}-{agent}", agent, state, 100),) if agent else ()  # type: ignore[arg-type]
    queue = more.pop("queue", "billing")
    return at, InteractionSnapshot(name, version, state, queue, "voice", entered_at=entered, legs=legs)


def served(name: str, came: float, answered: float, done: float, agent: str = LI) -> list[Fact]:
    """A call that waited, rang for two seconds, was answered and done with."""
    return [
        call(name, came, 1, "queued", entered=came),
        call(name, answered - 2, 2, "offered", agent, entered=came),
        call(name, answered, 3, "active", agent, entered=came),
        call(name, done, 4, "closed", entered=came),
    ]


def what_if(facts: list[Fact], other: Policy, start: float = 0) -> tuple[list[Outcome], list[Outcome]]:
    """(as it was, under the other policy)."""
    reader = Reader()
    for at, fact in sorted(facts, key=lambda fact: fact[0]):
        offered = [leg for leg in getattr(fact, "legs", ()) if leg.state == "offered"]
        reader.feed(round(at * S), 1, [fact], [fact.id for _ in offered])
    history = reader.history
    conditions = Conditions(history, END, lambda queue, channel: 20 * S)
    begin = round(start * S)
    return as_it_was(history, begin, END), run(history, conditions, [(begin, other)], begin, END)


def told(outcomes: list[Outcome]) -> list[tuple[str, str | None, float | None]]:
    """(visit, how it ended, after how many seconds)."""
    return [
        (o.visit.id, o.exit, None if o.ended_at is None else (o.ended_at - o.entered_at) / S)
        for o in outcomes
    ]


class TestRules:
    def test_handling_and_ringing_are_as_they_were(self) -> None:
        facts = [(0, here(LI, "billing")), *served("a", 0, 2, 62), *served("b", 10, 64, 80)]
        was, again = what_if(facts, policy())
        assert told(was) == told(again) == [("a/1", "answered", 2), ("b/1", "answered", 54)]

    def test_who_hung_up_does_so_again_unless_somebody_answers(self) -> None:
        gone = [call("b", 10, 1, "queued", entered=10), call("b", 40, 2, "abandoned", entered=10)]
        facts = [(0, here(LI, "billing")), (0, here(HAN, "sales")), *served("a", 0, 2, 62), *gone]
        was, again = what_if(facts, policy())
        assert told(was)[1] == told(again)[1] == ("b/1", "abandoned", 30)
        _, helped = what_if(facts, policy(sales="billing", billing="sales"))
        assert told(helped)[0] == ("a/1", "answered", 2)  # by Han, who was free all the time
        both = [(0, here(HAN, "billing")), *facts[:1], *facts[2:]]
        assert told(what_if(both, policy())[1])[1] == ("b/1", "answered", 2)

    def test_nobody_leaves_before_the_wait_they_really_had(self) -> None:
        """Others left after 5 s, one was answered after 60: with nobody to answer, that one stays longer."""
        gone = [
            fact for name in "bcdef" for fact in (call(name, 0, 1, "queued"), call(name, 5, 2, "abandoned"))
        ]
        facts = [(0, here(LI, "billing")), *served("a", 0, 60, 90), *gone]
        _, alone = what_if(facts, policy(billing="nobody"))
        assert told(alone)[0] == ("a/1", None, None)
        assert {exit_ for _, exit_, _ in told(alone)[1:]} == {"abandoned"}

    def test_a_transfer_comes_as_long_after_the_answer_as_it_did(self) -> None:
        facts = [
            (0, here(LI, "billing")), (0, here(HAN, "sales")),
            *served("z", 0, 2, 50),
            call("a", 1, 1, "queued", entered=1),
            call("a", 50, 2, "offered", LI, entered=1),
            call("a", 52, 3, "active", LI, entered=1),
            call("a", 82, 4, "queued", entered=82, queue="sales"),
            call("a", 82, 5, "offered", HAN, entered=82, queue="sales"),
            call("a", 84, 6, "active", HAN, entered=82, queue="sales"),
            call("a", 99, 7, "closed", entered=82, queue="sales"),
        ]  # fmt: skip
        was, again = what_if(facts, policy())
        assert told(again) == told(was)
        _, never = what_if(facts, policy(billing="nobody"))
        assert [visit for visit, _, _ in told(never)] == ["z/1", "a/1"]

    def test_who_is_away_gets_nothing(self) -> None:
        away = here(LI, "billing")._replace(version=2, presence="break")
        back = away._replace(version=3, presence="available")
        facts = [
            (0, here(LI, "billing")),
            *served("a", 0, 2, 30),
            (20, away),
            *served("b", 25, 102, 120),
            (100, back),
        ]
        was, again = what_if(facts, policy())
        assert told(again) == told(was)

    def test_what_was_begun_before_keeps_its_agent(self) -> None:
        facts = [(0, here(LI, "billing")), *served("a", 0, 2, 80), *served("b", 60, 82, 90)]
        was, again = what_if(facts, policy(), start=50)
        assert told(was) == told(again) == [("b/1", "answered", 22)]

    def test_what_waits_at_the_start_waits_with_its_age_and_is_not_counted(self) -> None:
        facts = [
            (0, here(LI, "billing")),
            *served("a", 0, 2, 80),
            *served("b", 40, 82, 90),
            *served("c", 60, 92, 99),
        ]
        was, again = what_if(facts, policy(), start=50)
        assert told(was) == told(again) == [("c/1", "answered", 32)]

    def test_where_nothing_was_ever_finished_nothing_can_be_said(self) -> None:
        facts = [
            (0, here(LI, "billing")),
            call("a", 1, 1, "queued", entered=1),
            call("a", 40, 2, "abandoned", entered=1),
        ]
        with pytest.raises(Unknowable):
            what_if(facts, policy())
