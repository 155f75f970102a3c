"""An interaction with its live parts, locked: every change of state of the product is one of these methods.

They change rows in memory only; `desk.Desk` loads and locks them before, and writes and tells afterwards.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.clock import new_id
from interactions.life.calling_back import UNREACHED, CallingBack
from interactions.life.consulting import Consulting
from interactions.life.live_parts import MICROSECOND, WrapUp
from models.agent import Agent
from models.interaction import State
from models.leg import Leg, LegRole, LegState
from models.offer import Offer, OfferState
from models.segment import Segment, SegmentKind

__all__ = ["Work", "WrapUp"]


@dataclass
class Work(Consulting, CallingBack):
    """The transitions, by what they mean to customer and agent."""

    # ---- waiting ----

    def enter_queue(self, queue: str, entry_kind: str, *, policy_version: int | None = None) -> None:
        """Wait in `queue` from now on. An unanswered entry of the same queue goes on, unless it was
        transferred; else it flows out. The age is kept, `waited_here` starts at 0, cool-downs are cleared.
        `policy_version`: the one that knows the new queue."""
        x = self.interaction
        x.policy_version = policy_version or x.policy_version
        self._end_segment(self._open(SegmentKind.CALLBACK), "due")
        if self.dials_out:
            x.conversation = None  # what was dialled is over
        entry = self.entry
        if entry is not None and (entry.queue != queue or entry_kind == "transfer"):
            self._end_segment(entry, "flowed_out")
            entry = None
        x.queue, x.queue_entered_at, x.cool_downs = queue, self.now, {}
        x.entry_kind = entry_kind
        if entry_kind == "transfer":  # away from whom they knew
            x.account_team, x.recent_agent_id = [], None
        self._to(State.QUEUED, "queued")
        if x.first_queued_at is None:
            x.first_queued_at = self.now
        if entry is None:
            self._begin(SegmentKind.QUEUE, entry_kind=entry_kind)

    def offer_to(
        self, agent: Agent, units: int, deadline: datetime, *, leg_id: UUID, offer_id: UUID
    ) -> Offer:
        """Offer it to `agent`, whose units are held from now on."""
        leg = self._new_leg(agent, units, LegState.OFFERED, leg_id)
        x = self.interaction
        waited_us = (self.now - x.queue_entered_at) // MICROSECOND if x.queue_entered_at else 0
        self._to(State.OFFERED, "offered")
        return self._open_offer(leg, deadline, offer_id, waited_us=waited_us)

    def end_offer(self, state: OfferState, cause: str | None, reason: str | None = None) -> None:
        """The offer ends without an accept: it waits on, or (a consult) the customer stays on hold; the
        agent's units are free."""
        leg = self._accepted_leg()
        self._settle(state, cause, reason)
        self._end_leg(leg, cause or state.value)
        if self.state == State.OFFERED:
            self._to(State.QUEUED, f"offer_{state.value}")
        else:
            self._consult_ended(leg, cause or state.value, f"consult_{state.value}")

    def wait_on(self, cause: str) -> None:
        """It comes to nobody's desk for now: the entry, `waited_here` and the cool-downs go on."""
        self._to(State.QUEUED, cause)

    def cool_down(self, agent_id: UUID, seconds: float) -> None:
        """Skip this agent for this interaction for `seconds`."""
        until = self.now + timedelta(seconds=seconds)
        self.interaction.cool_downs = {**self.interaction.cool_downs, str(agent_id): until.isoformat()}
        self._note("cool_down")

    def boost(self, seconds: int) -> None:
        """A supervisor moves it up by `seconds` of head start."""
        self.interaction.boost_seconds = seconds
        self._note("boosted")

    def refuse(self, cause: str) -> None:
        """Turned away at the door: closed without ever having waited."""
        self._end_segment(self._begin(SegmentKind.CLOSED_DOOR), cause)
        self._finish(State.CLOSED, "platform", cause)

    def touched(self, at: datetime, *, by_customer: bool) -> None:
        """Something was said `at`. What the customer says makes what an agent has seen stale."""
        self.interaction.last_touch_at = max(self.interaction.last_touch_at or at, at)
        self._note("touched", relevant=by_customer)

    def reply_window(self, until: datetime, left: int | None, due_at: datetime | None) -> None:
        """Until when the customer may be written to freely, how often, and since when that is urgent."""
        x = self.interaction
        if (x.reply_until, x.replies_left, x.reply_due_at) != (until, left, due_at):
            x.reply_until, x.replies_left, x.reply_due_at = until, left, due_at
            self._note("reply_window")

    def identified(self, customer_id: UUID | None, tier: str) -> None:
        """It turns out to be another customer: an agent's pick, or (None) what its address says."""
        self.interaction.picked_customer_id, self.interaction.tier = customer_id, tier
        self._note("identified", relevant=True)

    def retiered(self, tier: str) -> None:
        """Its customer has another tier now."""
        if tier != self.interaction.tier:
            self.interaction.tier = tier
            self._note("retiered")

    def knows(self, account_team: list[UUID], recent_agent_id: UUID | None) -> None:
        """The agents whom its customer knows: the account team in order, and who served them last."""
        x = self.interaction
        if (x.account_team or [], x.recent_agent_id) != (account_team, recent_agent_id):
            x.account_team, x.recent_agent_id = account_team, recent_agent_id
            self._note("acquainted")

    # ---- in an agent's hands ----

    def accept(self, *, connect_seconds: float | None) -> Leg:
        """The agent takes the offer. With `connect_seconds` (a phone that we control) it is `connecting`
        until the platform reports the bridge; otherwise active at once."""
        leg = self._accepted_leg()
        leg.accepted_at = self.now
        agent = self._agent(leg.agent_id)
        agent.last_accepted_at = self.now
        self._settle(OfferState.ACCEPTED, None)
        if leg.role != LegRole.PRIMARY:
            self.consult_accepted(leg, connect_seconds)
            return leg
        if connect_seconds is None:
            self._activate(leg, "accepted")
            return leg
        self._leg_to(leg, LegState.CONNECTING)
        leg.connect_deadline_at = self.now + timedelta(seconds=connect_seconds)
        self._begin(SegmentKind.CONNECT, leg=leg)
        self._to(State.CONNECTING, "connecting")
        return leg

    def take(self, agent: Agent, units: int) -> Leg:
        """An agent pulls waiting work from a list, or gets it from a supervisor: as if offered and
        accepted."""
        leg = self._new_leg(agent, units, LegState.OFFERED, new_id())
        leg.accepted_at = self.now
        agent.last_accepted_at = self.now
        self._activate(leg, "taken")
        return leg

    def take_call(self, agent: Agent, units: int, connect_seconds: float) -> Leg:
        """The same for a phone call: the agent's device rings next."""
        leg = self._new_leg(agent, units, LegState.CONNECTING, new_id())
        leg.accepted_at = self.now
        leg.connect_deadline_at = self.now + timedelta(seconds=connect_seconds)
        agent.last_accepted_at = self.now
        self._begin(SegmentKind.CONNECT, leg=leg)
        self._to(State.CONNECTING, "connecting")
        return leg

    def agent_reached(self) -> None:
        """A call of ours: the agent has picked up, and the customer is dialled. The clock was the agent's."""
        leg = self.primary
        if leg is not None and leg.state == LegState.CONNECTING:
            leg.connect_deadline_at = None
            self._note("agent_reached")

    def bridged(self) -> None:
        """The platform has joined customer and agent: answered."""
        leg = self.primary
        if leg is None or leg.state != LegState.CONNECTING:
            raise self.illegal("has no agent to be bridged with")
        self._activate(leg, "active")

    def connect_failed(self, cause: str, *, rang: bool = True) -> None:
        """The agent's device did not come: they are `not_responding(device)` if it `rang`, the customer waits
        on."""
        leg = self.primary
        assert leg is not None
        self.stop_connecting(cause)
        if rang:
            self.not_responding(leg.agent_id, "device")
        if self.is_callback:
            self.wait_for_next_agent("connect_failed")
        elif self.dials_out:  # nobody waits
            self._finish(State.CLOSED, "platform", f"agent_{cause}")
        else:
            self._to(State.QUEUED, "connect_failed")

    def device_failed(self, cause: str) -> None:
        """The device refused, or could not be dialled: while connecting, or while it rang for the offer."""
        leg = self.primary
        assert leg is not None
        if leg.state == LegState.CONNECTING:
            self.connect_failed(cause)
            return
        leg.route_command_id = None  # nothing rings any more
        self.end_offer(OfferState.MISSED, "missed", cause)
        self.not_responding(leg.agent_id, "device")

    def stop_connecting(self, cause: str) -> None:
        """The call no longer goes to this agent, by no fault of theirs."""
        leg = self.primary
        assert leg is not None
        self._end_segment(self._open(SegmentKind.CONNECT), cause)
        self._end_leg(leg, cause)

    def hold(self) -> None:
        leg = self._talking_leg()
        self._leg_to(leg, LegState.HELD)
        leg.held_at = self.now
        self._begin(SegmentKind.HOLD, leg=leg)
        self._note("held")

    def resume(self) -> None:
        leg = self._talking_leg()
        self._leg_to(leg, LegState.ACTIVE)
        leg.held_at = None
        self._end_segment(self._open(SegmentKind.HOLD), "resumed")
        self._note("resumed")

    def first_answer(self) -> None:
        """Mail and messaging: the agent's first message answers the entry."""
        self._talking_leg()
        self._answer()

    def requeue(
        self,
        queue: str,
        entry_kind: str,
        outcome: str,
        *,
        wrap_up: WrapUp | None = None,
        policy_version: int | None = None,
    ) -> None:
        """The agent's part ends (`outcome`: transferred, returned, dropped) and the customer waits again. A
        consult is over with it."""
        self.end_consult(outcome)
        self._leave(self._talking_leg(), outcome, wrap_up)
        self.enter_queue(queue, entry_kind, policy_version=policy_version)

    def park(self, until: datetime | None) -> None:
        """Digital work waits for people; the units are free, the work stays the agent's."""
        leg = self._talking_leg()
        self.end_consult("parked")
        self._leave(leg, "parked", None)
        x = self.interaction
        x.parked_until, x.parked_for = until, "time" if until else "customer"
        x.preferred_agent_id = x.last_agent_id = leg.agent_id
        self._to(State.PARKED, "parked")
        self._begin(SegmentKind.PARKED, agent_id=leg.agent_id)

    def unpark(self) -> None:
        """Leave the parked state; the caller queues it or gives it to an agent."""
        self._end_segment(self._open(SegmentKind.PARKED), "resumed")
        self.interaction.parked_until = self.interaction.parked_for = None

    # ---- the end ----

    def customer_left(self, by: str = "customer", cause: str = "normal") -> None:
        """The customer is gone while nobody talks with them: abandoned."""
        if self.offer is not None:
            self._settle(OfferState.REVOKED, "customer_left")
        self._end_segment(self._open(SegmentKind.CONNECT), "abandoned")
        for leg in self._live_legs():
            self._end_leg(leg, "customer_left")
        self._end_segment(self.entry, "abandoned")
        self._finish(State.ABANDONED, by, cause)

    def end_contact(self, by: str, cause: str, wrap_up: WrapUp | None) -> None:
        """The contact is over: wrap-up, or closed where there is none. Raises IllegalTransition while it
        merely rings."""
        leg = self._talking_leg()
        self.end_consult("customer_left")
        self._leave(leg, "ended", wrap_up)
        self._end_segment(self.entry, "ended_by_us")
        if wrap_up is None:
            self._finish(State.CLOSED, by, cause)
            return
        x = self.interaction
        x.ended_by, x.end_cause = by, cause
        self._to(State.WRAP_UP, "wrap_up")

    def finish_wrap_up(self, leg: Leg, disposition: str | None) -> None:
        """Store the disposition, end this agent's leg; the last one closes an interaction in wrap-up."""
        leg.disposition = disposition
        if disposition:
            self.interaction.disposition = disposition
        self._end_leg(leg, leg.end_cause or "ended")
        self._note("wrapped_up")
        if self.state == State.WRAP_UP and not self.legs:
            self._finish(
                State.CLOSED, self.interaction.ended_by or "agent", self.interaction.end_cause or "normal"
            )

    def pass_wrap_up(self, agent: Agent | None, units: int, wrap_up: WrapUp | None) -> None:
        """A supervisor takes the wrap-up from whoever has it: `agent` finishes it, or nobody (it closes)."""
        for leg in list(self.legs):
            self._end_leg(leg, "reassigned")
        self._note("wrap_up_passed", relevant=True)
        if agent is None:
            x = self.interaction
            return self._finish(State.CLOSED, x.ended_by or "supervisor", x.end_cause or "normal")
        agent.units_excess = max(agent.units_excess, agent.units_held + units - agent.units_max)
        leg = self._new_leg(agent, units, LegState.WRAP_UP, new_id())
        leg.wrap_up_at, seconds = self.now, wrap_up.seconds if wrap_up else None
        leg.wrap_up_due_at = self.now + timedelta(seconds=seconds) if seconds else None
        self._begin(SegmentKind.WRAP_UP, leg=leg)
        return None

    def extend_wrap_up(self, leg: Leg, wrap_up: WrapUp) -> bool:
        """Once, by the queue's own seconds. False: no limit to extend, or extended before."""
        if leg.wrap_up_due_at is None or wrap_up.seconds is None or leg.wrap_up_extended:
            return False
        leg.wrap_up_due_at += timedelta(seconds=wrap_up.seconds)
        leg.wrap_up_extended = True
        self._note("wrap_up_extended")
        return True

    def began(self, at: datetime) -> None:
        """Its beginning is told after its end: the wait is the events' own, not that of their arrival."""
        x = self.interaction
        x.created_at = x.waiting_since = x.queue_entered_at = x.first_queued_at = at
        if self.entry is not None:
            self.entry.started_at = at

    def answered_elsewhere(self, at: datetime) -> None:
        """Somebody whom we did not route to talks with the customer, or has written to them: nothing waits
        any more."""
        if self.offer is not None:
            self._settle(OfferState.REVOKED, "closed")
        for leg in self._live_legs():
            self._end_leg(leg, "answered_elsewhere")
        self.interaction.answered_at = self.interaction.answered_at or at
        self._end_segment(self.entry, "answered", at)
        self._finish(State.CLOSED, "platform", "answered_elsewhere")

    def was_bridged(self, at: datetime, entry: Segment | None) -> None:
        """The bridge of an abandoned call is reported after its end: a bridged call outranks an abandoned
        one."""
        x = self.interaction
        x.state, x.answered_at, x.end_cause, x.ended_by = State.CLOSED, at, "answered_elsewhere", "platform"
        if entry is not None:
            entry.outcome, entry.ended_at = "answered", max(at, entry.started_at)
        self._note("closed", relevant=True)

    def close(self, by: str, cause: str, outcome: str = "ended_by_us") -> None:
        """End it whatever its state: closed by us (mail, tasks), at a door, or by force. `outcome` of what is
        open besides the entry, which is ended by us."""
        if self.final:
            raise self.illegal("is over")
        if self.offer is not None:
            self._settle(OfferState.REVOKED, "closed")
        for leg in list(self.legs):
            self._end_leg(leg, cause)
        self._end_segment(self.entry, "ended_by_us")
        for segment in list(self.segments):
            self._end_segment(segment, outcome)
        self.interaction.parked_until = self.interaction.parked_for = self.interaction.outside = None
        self._finish(State.CLOSED, by, cause)

    def give_up(self) -> None:
        """A callback whose customer could not be reached."""
        self.interaction.disposition = UNREACHED
        self.close("platform", UNREACHED)

    # ---- commands to a telephony platform ----

    def wait_for(self, command_id: UUID, pending: str, until: datetime) -> None:
        """The platform was told to do something; its events will say whether it did."""
        x = self.interaction
        x.pending_command, x.pending_command_id, x.pending_until = pending, command_id, until
        self._note("pending")

    def still_waiting(self) -> None:
        """The platform is at it: `pending_until` was moved on."""
        self._note("pending")

    def stop_waiting(self) -> None:
        self._waits_no_more()
        self._note("not_pending")

    # ---- agents ----

    def excess(self, agent_id: UUID, units: int) -> None:
        """Forced work goes beyond the maximum."""
        self._agent(agent_id).units_excess += units

    def forget(self) -> None:
        """What happened has been told: start anew (the desk saves more than once where a batch needs it)."""
        self.added, self.causes, self.settled, self.ringing = [], [], [], []
        self.touched_agents, self.relevant, self.consult_over = set(), False, None
