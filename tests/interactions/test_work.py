"""The transitions of one interaction, on rows in memory: what each does to legs, units, segments, clocks."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest

from app.clock import new_id
from app.errors import IllegalTransition
from interactions.life.work import WrapUp
from models.agent import Presence
from models.interaction import FINAL, State
from models.leg import LegState
from models.offer import OfferState
from models.segment import Segment, SegmentKind
from tests.interactions.bench import NOON, Bench

ANSWERED, FLOWED_OUT, ENDED_BY_US = "answered", "flowed_out", "ended_by_us"
TIMEBOXED = WrapUp("timeboxed", 30)


class TestEnd:
    @pytest.mark.parametrize("channel", ["chat", "email", "voice"])
    def test_what_merely_rings_cannot_be_ended_by_its_agent(self, channel: str) -> None:
        bench = Bench(channel)
        bench.offer()
        with pytest.raises(IllegalTransition):
            bench.work.end_contact("agent", "normal", None)
        bench.check()

    def test_a_command_that_waits_for_its_event_is_over_with_the_call(self) -> None:
        bench = Bench("voice")
        bench.accepted()
        bench.work.wait_for(new_id(), "end", bench.work.now + timedelta(seconds=5))
        bench.work.end_contact("agent", "normal", TIMEBOXED)
        assert (bench.x.pending_command, bench.x.pending_until) == (None, None)

    def test_a_command_is_over_when_the_customer_waits_again(self) -> None:
        bench = Bench("voice")
        bench.accepted()
        bench.work.wait_for(new_id(), "hold", bench.work.now + timedelta(seconds=5))
        bench.work.requeue("billing", "return", "dropped")
        assert bench.x.pending_command is None

    def test_force_close_while_connecting_frees_the_agent(self) -> None:
        bench = Bench("voice")
        bench.offer()
        bench.work.accept(connect_seconds=15)
        bench.work.close("supervisor", "force_closed")
        assert (bench.work.state, bench.agents[0].units_held) == (State.CLOSED, 0)
        assert bench.entries() == [("billing", "new", ENDED_BY_US)]
        bench.check()

    def test_force_close_of_parked_work_leaves_nothing_parked(self) -> None:
        bench = Bench("email")
        bench.accepted()
        bench.work.park(None)
        bench.work.close("supervisor", "force_closed")
        assert (bench.x.parked_until, bench.x.parked_for) == (None, None)
        assert bench.entries() == [("billing", "new", ENDED_BY_US)]
        bench.check()

    def test_an_abandoned_call_leaves_the_first_agent_their_wrap_up(self) -> None:
        bench = Bench("voice")
        leg = bench.accepted()
        bench.work.requeue("billing", "transfer", "transferred", wrap_up=TIMEBOXED)
        bench.work.customer_left()
        assert (bench.work.state, leg.state, bench.agents[0].units_held) == (State.ABANDONED, "wrap_up", 100)
        bench.work.finish_wrap_up(leg, "solved")
        assert bench.agents[0].units_held == 0
        bench.check()


class TestEntries:
    def test_a_transfer_of_unanswered_work_flows_out_even_within_its_queue(self) -> None:
        bench = Bench("email")
        bench.accepted()
        bench.work.requeue("billing", "transfer", "transferred")
        assert bench.entries() == [("billing", "new", FLOWED_OUT), ("billing", "transfer", None)]

    def test_unanswered_work_that_comes_back_goes_on_waiting(self) -> None:
        bench = Bench("email")
        bench.accepted()
        bench.after(60)
        bench.work.park(None)
        bench.work.unpark()
        bench.work.enter_queue("billing", "return")
        assert bench.entries() == [("billing", "new", None)]
        bench.accepted()
        bench.after(10)
        bench.work.first_answer()
        assert bench.entries() == [("billing", "new", ANSWERED)]

    def test_answered_work_that_comes_back_enters_anew(self) -> None:
        bench = Bench("chat")
        bench.accepted()
        bench.work.requeue("billing", "return", "returned")
        assert bench.entries() == [("billing", "new", ANSWERED), ("billing", "return", None)]

    def test_unanswered_parked_mail_that_is_closed_was_ended_by_us(self) -> None:
        bench = Bench("email")
        bench.accepted()
        bench.work.park(None)
        bench.work.close("agent", "closed")
        assert bench.entries() == [("billing", "new", ENDED_BY_US)]

    def test_a_reassignment_while_it_rings_is_no_exit(self) -> None:
        bench = Bench("chat")
        offer = bench.offer()
        bench.work.end_offer(OfferState.REVOKED, "taken_by_supervisor")
        bench.work.enter_queue("billing", "return")
        bench.work.take(bench.agents[1], 33)
        assert (offer.state, bench.entries()) == (OfferState.REVOKED, [("billing", "new", ANSWERED)])

    def test_a_bridge_that_is_told_after_the_end_answers_when_it_happened(self) -> None:
        bench = Bench("voice")
        bench.work.began(NOON)
        bench.work.now = NOON + timedelta(seconds=60)
        bench.work.answered_elsewhere(NOON + timedelta(seconds=5))
        [entry] = bench.rows(Segment)
        assert entry.ended_at - entry.started_at == timedelta(seconds=5)


class TestClocks:
    def test_the_age_is_all_waiting_and_nothing_else(self) -> None:
        bench = Bench("voice")
        bench.after(10)
        bench.offer()
        bench.after(4)
        bench.work.accept(connect_seconds=15)
        bench.after(3)
        bench.work.bridged()
        bench.after(100)
        bench.work.requeue("sales", "transfer", "transferred")
        bench.after(20)
        bench.accepted(1)
        assert bench.x.age_us == 37_000_000

    def test_a_transfer_starts_waited_here_and_clears_cool_downs(self) -> None:
        bench = Bench("chat")
        bench.work.cool_down(bench.agents[0].id, 30)
        bench.after(10)
        bench.accepted(1)
        bench.after(10)
        bench.work.requeue("sales", "transfer", "transferred")
        assert (bench.x.queue_entered_at, bench.x.cool_downs) == (bench.work.now, {})
        bench.after(5)
        assert bench.offer().waited_us == 5_000_000

    def test_a_miss_goes_on_counting(self) -> None:
        bench = Bench("chat")
        bench.after(10)
        bench.offer()
        bench.after(30)
        bench.work.end_offer(OfferState.MISSED, "missed")
        bench.after(2)
        assert bench.offer(1).waited_us == 42_000_000

    def test_parked_time_is_no_age(self) -> None:
        bench = Bench("email")
        bench.after(10)
        bench.accepted()
        bench.work.park(None)
        bench.after(3600)
        bench.work.unpark()
        bench.work.enter_queue("billing", "return")
        bench.after(5)
        bench.accepted()
        assert bench.x.age_us == 15_000_000


class TestConnecting:
    def test_a_silent_device_gives_the_customer_back_with_their_age(self) -> None:
        bench = Bench("voice")
        bench.after(8)
        bench.offer()
        bench.work.accept(connect_seconds=15)
        bench.after(15)
        bench.work.connect_failed("no_answer")
        assert (bench.work.state, bench.agents[0].units_held) == (State.QUEUED, 0)
        assert (bench.agents[0].presence, bench.agents[0].presence_reason) == (
            Presence.NOT_RESPONDING,
            "device",
        )
        assert bench.entries() == [("billing", "new", None)]
        bench.check()

    def test_a_break_that_was_chosen_meanwhile_stands(self) -> None:
        bench = Bench("voice")
        bench.offer()
        bench.work.accept(connect_seconds=15)
        bench.agents[0].presence = Presence.BREAK
        bench.work.connect_failed("no_answer")
        assert bench.agents[0].presence == Presence.BREAK


class TestUnits:
    def test_forced_work_is_an_excess_until_it_ends(self) -> None:
        bench = Bench("chat")
        row = bench.agents[0]
        row.units_max = 20
        row.units_excess = 13
        leg = bench.work.take(row, 33)
        bench.check()
        row.units_max = 100
        bench.work.end_contact("agent", "normal", None)
        assert (leg.state, row.units_held, row.units_excess) == (LegState.ENDED, 0, 0)

    def test_units_are_held_to_the_end_of_wrap_up(self) -> None:
        bench = Bench("chat")
        leg = bench.accepted()
        bench.work.end_contact("customer", "normal", TIMEBOXED)
        assert bench.agents[0].units_held == 33
        bench.work.finish_wrap_up(leg, "solved")
        assert (bench.agents[0].units_held, bench.work.state) == (0, State.CLOSED)

    def test_a_wrap_up_is_extended_once(self) -> None:
        bench = Bench("chat")
        leg = bench.accepted()
        bench.work.end_contact("customer", "normal", TIMEBOXED)
        assert bench.work.extend_wrap_up(leg, TIMEBOXED) is True
        assert leg.wrap_up_due_at == bench.work.now + timedelta(seconds=60)
        assert bench.work.extend_wrap_up(leg, TIMEBOXED) is False


Step = Callable[[Bench, Random], object]


def _wrap_up(bench: Bench, chance: Random) -> None:
    waiting = [leg for leg in bench.work.legs if leg.state == LegState.WRAP_UP]
    if waiting:
        bench.work.finish_wrap_up(chance.choice(waiting), "solved")


def _command(bench: Bench, chance: Random) -> None:
    if bench.work.state == State.ACTIVE:
        bench.work.wait_for(new_id(), "hold", bench.work.now)


def _unpark(bench: Bench, chance: Random) -> None:
    if bench.work.state == State.PARKED:
        bench.work.unpark()
        bench.work.enter_queue(bench.x.queue, "return")


def _offer(bench: Bench, chance: Random) -> None:
    if bench.work.state == State.QUEUED and bench.work.primary is None:
        free = [place for place, row in enumerate(bench.agents) if row.units_held == 0]
        if free:
            bench.offer(chance.choice(free))


def _take(bench: Bench, chance: Random) -> None:
    if bench.work.state == State.QUEUED:
        free = [row for row in bench.agents if row.units_held == 0]
        if free:
            bench.work.take(chance.choice(free), bench.units)


def _missed(bench: Bench, chance: Random) -> None:
    if bench.work.offer is not None:
        bench.work.end_offer(chance.choice([OfferState.MISSED, OfferState.DECLINED, OfferState.REVOKED]), "x")


def _connect_failed(bench: Bench, chance: Random) -> None:
    if bench.work.state == State.CONNECTING:
        bench.work.connect_failed("busy")


def _requeue(bench: Bench, chance: Random) -> None:
    if bench.work.state == State.ACTIVE:
        kind = chance.choice(["transfer", "return"])
        queue, wrap_up = chance.choice(["billing", "sales"]), chance.choice([None, TIMEBOXED])
        bench.work.requeue(queue, kind, "transferred", wrap_up=wrap_up)


def _left(bench: Bench, chance: Random) -> None:
    if bench.work.state in (State.QUEUED, State.OFFERED, State.CONNECTING) and chance.random() < 0.2:
        bench.work.customer_left()


def _close(bench: Bench, chance: Random) -> None:
    if chance.random() < 0.1:
        bench.work.close("supervisor", "force_closed")


STEPS: tuple[Step, ...] = (
    _offer,
    _offer,
    _take,
    lambda bench, chance: bench.work.accept(connect_seconds=chance.choice([None, 15.0])),
    lambda bench, chance: bench.work.bridged(),
    _connect_failed,
    _missed,
    lambda bench, chance: bench.work.hold(),
    lambda bench, chance: bench.work.resume(),
    lambda bench, chance: bench.work.first_answer(),
    _requeue,
    lambda bench, chance: bench.work.park(chance.choice([None, bench.work.now])),
    _unpark,
    _left,
    lambda bench, chance: bench.work.end_contact("agent", "normal", chance.choice([None, TIMEBOXED])),
    _wrap_up,
    _close,
    _command,
    lambda bench, chance: bench.after(chance.uniform(0, 60)),
)


class TestWalk:
    @pytest.mark.parametrize("channel", ["voice", "chat", "email"])
    def test_any_sequence_of_steps_keeps_the_books(self, channel: str) -> None:
        finals = set()
        for seed in range(60):
            chance, bench = Random(seed), Bench(channel, agents=3)
            for _ in range(80):
                with suppress(IllegalTransition):
                    chance.choice(STEPS)(bench, chance)
                bench.check()
            finals.add(bench.work.state)
            if bench.work.state in FINAL:
                outcomes = [s.outcome for s in bench.rows(Segment) if s.kind == SegmentKind.QUEUE]
                assert None not in outcomes, f"seed {seed}: every entry has ended"
                assert set(outcomes) <= {ANSWERED, FLOWED_OUT, ENDED_BY_US, "abandoned"}
        assert finals >= FINAL
