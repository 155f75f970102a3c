"""What is live of an interaction, and the bookkeeping under every change: legs, offer, segments, age, units.

Nothing here knows what a change means; `interactions.life.work` does. Both transition tables are checked
here, so an illegal step cannot be written.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.clock import new_id
from app.errors import IllegalTransition
from models.agent import Agent
from models.interaction import FINAL, TRANSITIONS, WAITING, Interaction, State
from models.leg import LEG_TRANSITIONS, LIVE, Leg, LegRole, LegState
from models.offer import Offer, OfferState
from models.segment import Segment, SegmentKind

ANSWERED_BY_ACCEPT = frozenset({"chat", "task", "voice"})
"""Mail and messaging are answered by the first message, voice when bridged (where there is call control)."""

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WrapUp:
    """A queue's wrap-up. `seconds`: None for no limit (optional, mandatory)."""

    mode: str
    seconds: float | None = None
    dispositions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsultOver:
    """A consult that came to nothing. `whom`: a name, or an address outside."""

    whom: str
    cause: str


@dataclass
class LiveParts:
    """`legs` are those not ended, `offer` the open one, `segments` the open ones, `agents` the locked
    agents of the whole desk. What is new goes to `added`; `causes` says what happened, for the activity
    event; `ringing` are legs that ended while their device rang for an offer, or talked in a consult: it is
    to stop; `consult_over` is what the first agent is to be told."""

    interaction: Interaction
    agents: dict[UUID, Agent]
    now: datetime
    legs: list[Leg] = field(default_factory=list)
    offer: Offer | None = None
    segments: list[Segment] = field(default_factory=list)
    added: list[Leg | Offer | Segment] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    touched_agents: set[UUID] = field(default_factory=set)
    settled: list[Offer] = field(default_factory=list)
    ringing: list[Leg] = field(default_factory=list)
    consult_over: ConsultOver | None = None
    relevant: bool = False

    @property
    def state(self) -> State:
        return State(self.interaction.state)

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def primary(self) -> Leg | None:
        """The live primary leg: offered, connecting, active or held."""
        return next((leg for leg in self.legs if leg.role == LegRole.PRIMARY and leg.state in LIVE), None)

    @property
    def is_callback(self) -> bool:
        """The customer is to be called back and is not on the line yet; the place in the queue is theirs."""
        return self.interaction.callback_to is not None

    @property
    def dials_out(self) -> bool:
        """A call of ours whose customer has not been reached yet: nobody waits on the line."""
        x = self.interaction
        unreached = x.direction == "outbound" and x.channel == "voice" and x.answered_at is None
        return unreached or self.is_callback

    @property
    def entry(self) -> Segment | None:
        """The open queue entry."""
        return self._open(SegmentKind.QUEUE)

    def wrapping_leg(self, agent_id: UUID) -> Leg | None:
        return next(
            (leg for leg in self.legs if leg.agent_id == agent_id and leg.state == LegState.WRAP_UP), None
        )

    def held_by(self, agent_id: UUID) -> Leg:
        """The agent's live primary leg. Raises IllegalTransition: somebody else's, or nobody's."""
        leg = self.primary
        if leg is None or leg.agent_id != agent_id:
            raise self.illegal("is not in your hands")
        return leg

    def illegal(self, what: str) -> IllegalTransition:
        return IllegalTransition(
            f"This interaction is {self.state.value} and {what}.",
            state=self.state.value,
            version=self.interaction.version,
        )

    def _agent(self, agent_id: UUID) -> Agent:
        self.touched_agents.add(agent_id)
        return self.agents[agent_id]

    def _note(self, cause: str, *, relevant: bool = False) -> None:
        """`relevant`: what an agent saw before is stale."""
        self.causes.append(cause)
        self.relevant = self.relevant or relevant

    def _to(self, state: State, cause: str) -> None:
        if state != self.state and state not in TRANSITIONS[self.state]:
            raise self.illegal(f"cannot become {state.value}")
        x = self.interaction
        if x.waiting_since is not None and state not in WAITING:
            x.age_us += max(0, (self.now - x.waiting_since) // MICROSECOND)
            x.waiting_since = None
        elif x.waiting_since is None and state in WAITING:
            x.waiting_since = self.now
        if state != State.ACTIVE:  # commands are about a call that is talked on
            self._waits_no_more()
        x.state = state
        self._note(cause, relevant=True)

    def _waits_no_more(self) -> None:
        x = self.interaction
        x.pending_command = x.pending_command_id = x.pending_until = None

    def _leg_to(self, leg: Leg, state: LegState) -> None:
        if state not in LEG_TRANSITIONS[LegState(leg.state)]:
            raise self.illegal(f"its leg is {leg.state}, which cannot become {state.value}")
        leg.state = state

    def _new_leg(
        self,
        agent: Agent,
        units: int,
        state: LegState,
        leg_id: UUID,
        *,
        role: LegRole = LegRole.PRIMARY,
        queue: str | None = None,
    ) -> Leg:
        x = self.interaction
        leg = Leg(
            id=leg_id,
            tenant_id=x.tenant_id,
            interaction_id=x.id,
            agent_id=agent.id,
            role=role,
            state=state,
            queue=queue or x.queue,
            units=units,
            created_at=self.now,
            wrap_up_extended=False,
        )
        self.legs.append(leg)
        self.added.append(leg)
        self._agent(agent.id).units_held += units
        return leg

    def _open_offer(self, leg: Leg, deadline: datetime, offer_id: UUID, *, waited_us: int) -> Offer:
        x = self.interaction
        self.offer = Offer(
            id=offer_id,
            tenant_id=x.tenant_id,
            interaction_id=x.id,
            leg_id=leg.id,
            agent_id=leg.agent_id,
            queue=leg.queue,
            channel=x.channel,
            tier=x.tier,
            state=OfferState.OPEN,
            created_at=self.now,
            deadline_at=deadline,
            waited_us=waited_us,
        )
        self.added.append(self.offer)
        self._begin(SegmentKind.OFFER, leg=leg)
        return self.offer

    def rings_later(self, leg: Leg, lost: timedelta) -> None:
        """Nobody was there to make the device ring for so long: the time until it must answer is moved on."""
        if leg.state == LegState.OFFERED and self.offer is not None:
            self.offer.deadline_at += lost
        elif leg.connect_deadline_at is not None:
            leg.connect_deadline_at += lost
        self._note("rings_later")

    def _end_leg(self, leg: Leg, cause: str) -> None:
        for segment in [s for s in self.segments if s.leg_id == leg.id and s.kind != SegmentKind.QUEUE]:
            self._end_segment(segment, cause)
        asked = leg.state == LegState.OFFERED or leg.role != LegRole.PRIMARY
        if asked and leg.route_command_id is not None:
            self.ringing.append(leg)
        leg.state, leg.ended_at, leg.end_cause = LegState.ENDED, self.now, cause
        leg.connect_deadline_at = leg.wrap_up_due_at = leg.reassign_at = None
        self.legs.remove(leg)
        agent = self._agent(leg.agent_id)
        agent.units_held -= leg.units
        agent.units_excess = max(0, min(agent.units_excess, agent.units_held - agent.units_max))
        if leg.answered_at is not None:
            agent.idle_since = self.now

    def _leave(self, leg: Leg, outcome: str, wrap_up: "WrapUp | None") -> None:
        self._end_segment(self._open(SegmentKind.HOLD), outcome)
        self._end_segment(self._segment(SegmentKind.AGENT, leg), outcome)
        self.interaction.last_agent_id = leg.agent_id
        if wrap_up is None:
            self._end_leg(leg, outcome)
            return
        self._leg_to(leg, LegState.WRAP_UP)
        leg.end_cause, leg.wrap_up_at, leg.held_at = outcome, self.now, None
        leg.wrap_up_due_at = self.now + timedelta(seconds=wrap_up.seconds) if wrap_up.seconds else None
        self._begin(SegmentKind.WRAP_UP, leg=leg)
        self._agent(leg.agent_id)

    def _activate(self, leg: Leg, cause: str) -> None:
        self._end_segment(self._open(SegmentKind.CONNECT), "bridged")
        self._leg_to(leg, LegState.ACTIVE)
        leg.answered_at, leg.connect_deadline_at = self.now, None
        self._agent(leg.agent_id)
        self._begin(SegmentKind.AGENT, leg=leg)
        self._to(State.ACTIVE, cause)
        x = self.interaction
        x.callback_to = x.callback_at = x.callback_until = None
        x.last_agent_id, x.preferred_agent_id = leg.agent_id, None
        if self.dials_out:
            x.answered_at = self.now
        if x.channel in ANSWERED_BY_ACCEPT:
            self._answer()

    def _answer(self) -> None:
        if self.entry is None:
            return
        self._end_segment(self.entry, "answered")
        self.interaction.answered_at = self.interaction.answered_at or self.now
        self._note("answered")

    def _settle(self, state: OfferState, cause: str | None, reason: str | None = None) -> None:
        assert self.offer is not None
        self.offer.state, self.offer.cause, self.offer.reason = state, cause, reason
        self.offer.settled_at = self.now
        self.settled.append(self.offer)
        self._end_segment(self._open(SegmentKind.OFFER), state.value)
        self.offer = None

    def _finish(self, state: State, by: str, cause: str) -> None:
        x = self.interaction
        x.ended_at, x.ended_by, x.end_cause = x.ended_at or self.now, by, cause
        self._to(state, state.value)

    def _live_legs(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.state in LIVE]

    @property
    def offered_leg(self) -> Leg | None:
        """The leg that the open offer is for."""
        offer = self.offer
        return None if offer is None else next(leg for leg in self.legs if leg.id == offer.leg_id)

    def _accepted_leg(self) -> Leg:
        leg = self.offered_leg
        if leg is None:
            raise self.illegal("is not offered")
        return leg

    def _talking_leg(self) -> Leg:
        leg = self.primary
        if leg is None or leg.state not in (LegState.ACTIVE, LegState.HELD):
            raise self.illegal("nobody is talking")
        return leg

    def _begin(
        self,
        kind: SegmentKind,
        *,
        leg: Leg | None = None,
        agent_id: UUID | None = None,
        entry_kind: str | None = None,
    ) -> Segment:
        x = self.interaction
        segment = Segment(
            id=new_id(),
            tenant_id=x.tenant_id,
            interaction_id=x.id,
            leg_id=leg.id if leg else None,
            kind=kind,
            agent_id=leg.agent_id if leg else agent_id,
            queue=x.queue,
            channel=x.channel,
            tier=x.tier,
            entry_kind=entry_kind,
            started_at=self.now,
            policy_version=x.policy_version,
        )
        self.segments.append(segment)
        self.added.append(segment)
        return segment

    def _open(self, kind: SegmentKind) -> Segment | None:
        return next((segment for segment in self.segments if segment.kind == kind), None)

    def _segment(self, kind: SegmentKind, leg: Leg) -> Segment | None:
        return next((s for s in self.segments if s.kind == kind and s.leg_id == leg.id), None)

    def _end_segment(self, segment: Segment | None, outcome: str, at: datetime | None = None) -> None:
        if segment is None:
            return
        segment.ended_at, segment.outcome = max(at or self.now, segment.started_at), outcome
        self.segments.remove(segment)
