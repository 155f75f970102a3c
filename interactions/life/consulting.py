"""A consult: a second agent, or somebody outside, is asked while the customer is on hold; the id stays.

The consulted agent's part is a leg of its own with an offer and units; the router only sees the units. Who
is outside has no leg: `interaction.outside` says who, and how far it is. Completed, the consulted leg is the
primary one; in a conference its role says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.clock import new_id
from interactions.life.live_parts import ConsultOver, LiveParts, WrapUp
from models.agent import Agent, Presence
from models.interaction import State
from models.leg import LIVE, Leg, LegRole, LegState
from models.offer import Offer, OfferState
from models.segment import SegmentKind

TALKING: Final = (LegState.ACTIVE, LegState.HELD)
HANDING_OVER: Final = ("transfer", "complete")


@dataclass
class Consulting(LiveParts):
    """The transitions of a consult."""

    @property
    def consult(self) -> Leg | None:
        """The live leg of the agent who is consulted, or has joined."""
        return next((leg for leg in self.legs if leg.role != LegRole.PRIMARY and leg.state in LIVE), None)

    @property
    def consulted(self) -> bool:
        """Somebody is consulted, or rings for it."""
        return self.consult is not None or self.interaction.outside is not None

    @property
    def consult_answered(self) -> bool:
        leg, outside = self.consult, self.interaction.outside
        if leg is not None:
            return leg.state in TALKING
        return outside is not None and outside["state"] != "ringing"

    def consult_agent(self, agent: Agent, units: int, deadline: datetime, *, queue: str) -> Offer:
        """Offer the consult to `agent`, whose units are held from now on. Raises IllegalTransition."""
        self._may_consult()
        leg = self._new_leg(agent, units, LegState.OFFERED, new_id(), role=LegRole.CONSULT, queue=queue)
        offer = self._open_offer(leg, deadline, new_id(), waited_us=0)
        self._note("consult_offered")
        return offer

    def consult_outside(self, address: str, command_id: UUID) -> None:
        """Somebody outside is dialled by this command. Raises IllegalTransition."""
        self._may_consult()
        self._outside(address=address, command_id=str(command_id), state="ringing")
        self._note("consult_offered")

    def check_stays(self) -> None:
        """Raises IllegalTransition once an order is given after which the agent has the customer no more."""
        if self.interaction.pending_command in HANDING_OVER:
            raise self.illegal("is being handed over")

    def _may_consult(self) -> None:
        self._talking_leg()
        if self.consulted:
            raise self.illegal("somebody is consulted already")

    def consult_accepted(self, leg: Leg, connect_seconds: float | None) -> None:
        """The offer of the consult is taken: the device rings next, or (None) they talk at once."""
        if connect_seconds is None:
            self._talk(leg)
            return
        self._leg_to(leg, LegState.CONNECTING)
        leg.connect_deadline_at = self.now + timedelta(seconds=connect_seconds)
        self._begin(SegmentKind.CONNECT, leg=leg)
        self._note("consult_connecting")

    def consult_reached(self) -> None:
        """The platform reports that the consulted one is on the line."""
        leg, outside = self.consult, self.interaction.outside
        if leg is not None and leg.state == LegState.CONNECTING:
            self._talk(leg)
        elif leg is None and outside is not None and outside["state"] == "ringing":
            self._outside(state="talking")
            self._begin(SegmentKind.CONSULT)
            self._note("consult_answered")

    def hold_consult(self, *, held: bool) -> None:
        """After a swap the consulted one waits, or talks again."""
        leg = self.consult
        wanted = LegState.HELD if held else LegState.ACTIVE
        if leg is not None and leg.state in TALKING and leg.state != wanted:
            self._leg_to(leg, wanted)
            leg.held_at = self.now if held else None
            self._note("consult_held" if held else "consult_resumed")

    def end_consult(self, cause: str) -> None:
        """The consulted one is free; the customer stays as they are. Nothing, where nobody is consulted."""
        leg = self.consult
        if not self.consulted:
            return
        self._consult_ended(leg, cause)
        if leg is None:
            self._end_outside(cause)
            return
        if leg.state == LegState.OFFERED:
            self._settle(OfferState.REVOKED, "customer_left" if cause == "customer_left" else "returned")
        self._end_leg(leg, cause)

    def consult_failed(self, cause: str) -> None:
        """The consulted agent's device did not come: they are `not_responding(device)`."""
        leg = self.consult
        if leg is None:
            return self.end_consult(cause)
        if leg.state == LegState.OFFERED:
            self._settle(OfferState.MISSED, "missed", cause)
        self._end_leg(leg, cause)
        self.not_responding(leg.agent_id, "device")
        return self._consult_ended(leg, cause)

    def complete_consult(self, wrap_up: WrapUp | None, policy_version: int) -> None:
        """Warm transfer: who was consulted has the customer now, the first agent wraps up. With somebody
        outside the contact is over for us. Raises IllegalTransition while it merely rings."""
        leg = self._answered_consult()
        if leg is None:
            self.move_outside(wrap_up)
            return
        self._leave(self._talking_leg(), "transferred", wrap_up)
        self._end_segment(self._segment(SegmentKind.CONSULT, leg), "completed")
        if leg.state == LegState.HELD:
            self._leg_to(leg, LegState.ACTIVE)
        leg.role, leg.held_at = LegRole.PRIMARY, None
        x = self.interaction
        if x.queue != leg.queue:
            x.queue, x.policy_version = leg.queue, policy_version
        x.last_agent_id, x.preferred_agent_id = leg.agent_id, None
        self._begin(SegmentKind.AGENT, leg=leg)
        self._waits_no_more()
        self._note("transferred", relevant=True)

    def move_outside(self, wrap_up: WrapUp | None) -> None:
        """The customer talks with somebody outside from now on: the contact is over for us."""
        self._end_outside("completed")
        self._leave(self._talking_leg(), "transferred", wrap_up)
        self._end_segment(self.entry, "flowed_out")
        x = self.interaction
        x.ended_by, x.end_cause = "agent", "transferred"
        if wrap_up is None:
            self._finish(State.CLOSED, "agent", "transferred")
        else:
            self._to(State.WRAP_UP, "transferred")

    def join_consult(self) -> None:
        """All three talk."""
        leg = self._answered_consult()
        if leg is None:
            self._outside(state="conference")
        else:
            leg.role = LegRole.CONFERENCE
            self.hold_consult(held=False)
        first = self._talking_leg()
        if first.state == LegState.HELD:
            self._leg_to(first, LegState.ACTIVE)
            first.held_at = None
            self._end_segment(self._open(SegmentKind.HOLD), "resumed")
        self._waits_no_more()
        self._note("conference")

    def not_responding(self, agent_id: UUID, why: str) -> None:
        """`why`: missed or device. Only while they are available: a break that they chose stands."""
        agent = self._agent(agent_id)
        if agent.presence == Presence.AVAILABLE:
            agent.presence, agent.presence_reason, agent.presence_at = Presence.NOT_RESPONDING, why, self.now

    def _consult_ended(self, leg: Leg | None, cause: str, noted: str = "consult_ended") -> None:
        outside = self.interaction.outside or {}
        whom = outside.get("address", "") if leg is None else self._agent(leg.agent_id).name
        self.consult_over = ConsultOver(whom, cause)
        self._note(noted)

    def _answered_consult(self) -> Leg | None:
        """None: it is somebody outside."""
        if not self.consult_answered:
            raise self.illegal("nobody has answered the consult yet")
        return self.consult

    def _talk(self, leg: Leg) -> None:
        self._end_segment(self._open(SegmentKind.CONNECT), "bridged")
        self._leg_to(leg, LegState.ACTIVE)
        leg.answered_at, leg.connect_deadline_at = self.now, None
        self._agent(leg.agent_id)
        self._begin(SegmentKind.CONSULT, leg=leg)
        self._note("consult_answered")

    def _outside(self, **told: Any) -> None:
        self.interaction.outside = {**(self.interaction.outside or {}), **told}

    def _end_outside(self, cause: str) -> None:
        if self.interaction.outside is not None:
            self.interaction.outside = None
            self._end_segment(self._open(SegmentKind.CONSULT), cause)
