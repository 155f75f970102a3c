"""What a record says of customers and agents, read from the facts as the worker is told them."""

from typing import Any

from routing.history import History, Reader
from routing.state import AgentRemoved, AgentSnapshot, InteractionSnapshot, LegSnapshot

LI, HAN = "li", "han"


def told(
    version: int, state: str, entered_at: int = 0, *legs: LegSnapshot, **more: Any
) -> InteractionSnapshot:
    return InteractionSnapshot(
        "x", version, state, more.pop("queue", "billing"), "voice", entered_at=entered_at, legs=legs, **more
    )


def leg(agent: str, state: Any, id: str = "1") -> LegSnapshot:  # noqa: A002
    return LegSnapshot(id, agent, state, 100)


def read(*facts: tuple[int, InteractionSnapshot | AgentSnapshot | AgentRemoved]) -> History:
    reader = Reader()
    for at, fact in facts:
        offered = [leg for leg in getattr(fact, "legs", ()) if leg.state == "offered"]
        reader.feed(at, 1, [fact], [fact.id for _ in offered])
    return reader.history


class TestVisits:
    def test_answered_after_a_miss(self) -> None:
        [visit] = read(
            (0, told(1, "queued")),
            (2, told(2, "offered", 0, leg(HAN, "offered", "0"))),
            (22, told(3, "queued")),
            (23, told(4, "offered", 0, leg(LI, "offered"))),
            (26, told(5, "connecting", 0, leg(LI, "connecting"))),
            (28, told(6, "active", 0, leg(LI, "active"))),
            (90, told(7, "wrap_up", 0, leg(LI, "wrap_up"))),
            (100, told(8, "closed")),
        ).visits
        assert (visit.id, visit.agent, visit.answered_at, visit.ring_us, visit.handle_us) == (
            "x/1",
            LI,
            28,
            5,
            72,
        )
        assert visit.waited_us(1000) == 28

    def test_abandoned(self) -> None:
        [visit] = read((0, told(1, "queued")), (9, told(2, "abandoned"))).visits
        assert (visit.left_at, visit.abandoned, visit.handle_us) == (9, True, None)

    def test_ended_by_us(self) -> None:
        [visit] = read((0, told(1, "queued")), (9, told(2, "closed"))).visits
        assert (visit.left_at, visit.abandoned) == (9, False)

    def test_a_transfer_is_a_visit_of_its_own_while_the_first_agent_wraps_up(self) -> None:
        first, second = read(
            (0, told(1, "queued")),
            (1, told(2, "offered", 0, leg(LI, "offered"))),
            (2, told(3, "active", 0, leg(LI, "active"))),
            (30, told(4, "queued", 30, leg(LI, "wrap_up"), queue="sales")),
            (40, told(5, "offered", 30, leg(HAN, "offered", "2"), queue="sales")),
            (41, told(6, "active", 30, leg(HAN, "active", "2"), queue="sales")),
            (60, told(7, "closed", 30, queue="sales")),
        ).visits
        assert (first.agent, first.ended_at) == (LI, 40)
        assert (second.after, second.entry.queue, second.entered_at) == (first, "sales", 30)
        assert (second.agent, second.answered_at, second.ended_at) == (HAN, 41, 60)

    def test_moved_to_another_queue_while_it_waited(self) -> None:
        first, second = read((0, told(1, "queued")), (20, told(2, "queued", 20, queue="sales"))).visits
        assert (first.left_at, first.moved_on) == (20, True)
        assert second.after is first

    def test_what_never_waited_occupies_its_agent(self) -> None:
        [visit] = read((5, told(1, "active", 0, leg(LI, "active"))), (50, told(2, "closed"))).visits
        assert (visit.entered_at, visit.agent, visit.answered_at, visit.ended_at) == (None, LI, 5, 50)

    def test_what_is_told_again_changes_nothing(self) -> None:
        facts = [(0, told(1, "queued")), (0, told(1, "queued")), (9, told(2, "abandoned"))]
        assert len(read(*facts).visits) == 1


class TestPresences:
    def test_only_what_changes_who_may_be_offered_work(self) -> None:
        here = AgentSnapshot(LI, 1, "li@acme.test", "available", lease=True)
        history = read(
            (0, here),
            (5, here._replace(version=2, last_accepted_at=5)),
            (9, here._replace(version=3, presence="break", presence_reason="lunch")),
            (20, AgentRemoved(LI, 4)),
        )
        assert [(at, known.presence) for at, known in history.presences] == [
            (0, "available"), (9, "break"),
        ]  # fmt: skip

    def test_without_a_lease_nobody_is_there(self) -> None:
        lost = AgentSnapshot(LI, 1, "li@acme.test", "available", lease=False, lease_lost_at=0)
        [(_, known)] = read((0, lost)).presences
        assert (known.presence, known.lease_lost_at) == ("offline", None)
