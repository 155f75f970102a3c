"""What the platform tells of a consult's leg, of the first agent's while somebody is consulted, and of a
number that the customer is sent to. Rules of SEMANTICS §1.1, warm transfer."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from app.events import (
    CallBridged,
    CallEvent,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegResumed,
    LegRinging,
)
from interactions.calls import call_commands
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.leg import Leg, LegState

ABOUT_LEGS: Final = (LegRinging, LegAnswered, LegEnded, LegHeld, LegResumed, CallBridged)

ORDERED: Final = {"return": "returned", "leave": "left"}
"""Who ended a consult, by the order that waits for it."""

RING_SECONDS: Final = 60
"""How long a number outside may ring before the agent is told that nobody came."""


class ConsultCalls:
    """Beside `voice.Mover`, which asks first whether an event was about this."""

    def __init__(self, desk: Desk, policies: PolicyBook) -> None:
        self.desk, self.policies = desk, policies

    async def took(self, work: Work, event: CallEvent, *, late: bool) -> bool:
        """Whether the event was about a consult or an address outside; if so, it is done."""
        if not isinstance(event, ABOUT_LEGS):
            return False
        if _sends_away(work, event):
            await self._sent_away(work, event)
        elif isinstance(event, CallBridged):
            return await self._bridged(work, event)
        elif _is_consults(work, event):
            self._consulted(work, event, late=late)
        else:
            return False
        return True

    async def first_gone(self, work: Work, event: LegEnded) -> bool:
        """The first agent's leg has ended. Whether somebody is consulted: answered, the transfer completes;
        else the customer waits again, with their age."""
        taken_down = (event.cause, event.by) == ("normal", "platform")
        if work.interaction.pending_command == "transfer":
            return taken_down  # the answer, or the call's end, is told next
        if not work.consulted:
            return False
        ordered = work.interaction.pending_command == "complete"
        if not ordered and taken_down:
            return True  # taken down in good order: the caller is gone, and the call's end comes next
        if work.consult_answered:
            if not ordered:
                call_commands.complete_transfer(self.desk, work)
            await self.complete(work)
            return True
        call_commands.cancel_outside(self.desk, work)
        if event.cause != "normal" and work.primary is not None:
            work.not_responding(work.primary.agent_id, "device")
        work.requeue(work.interaction.queue, "return", "dropped")
        return True

    async def complete(self, work: Work) -> None:
        """The consulted one has the customer."""
        rules = await self.policies.rules(self.desk.session, work.interaction)
        policy = await self.policies.current(self.desk.session, self.desk.tenant_id)
        work.complete_consult(rules.wrap_up, policy.version)

    async def _bridged(self, work: Work, event: CallBridged) -> bool:
        """After an order it says who talks now; without one, that the consult was answered."""
        x = work.interaction
        told = event.command_id in (None, x.pending_command_id)
        if told and work.consult_answered and x.pending_command == "complete":
            await self.complete(work)
        elif told and work.consult_answered and x.pending_command == "conference":
            work.join_consult()
        elif _is_consults(work, event):
            work.consult_reached()
        else:
            return False
        return True

    def _consulted(self, work: Work, event: CallEvent, *, late: bool) -> None:
        leg = work.consult
        if leg is not None:
            named = event.command_id is not None or leg.device_leg_id is not None
            if not _names(leg, event) and (late or named):
                return  # of a consult before
            leg.device_leg_id = event.leg_id or leg.device_leg_id
        if isinstance(event, LegEnded):
            self._consulted_gone(work, leg, event)
        elif isinstance(event, LegAnswered):
            if leg is not None and leg.state == LegState.OFFERED:
                work.accept(connect_seconds=None)
            work.consult_reached()
        elif isinstance(event, LegHeld | LegResumed):
            work.hold_consult(held=isinstance(event, LegHeld))

    def _consulted_gone(self, work: Work, leg: Leg | None, event: LegEnded) -> None:
        """They do not answer, or have hung up: the first agent has the customer, still held."""
        rings = leg is not None and leg.state in call_commands.RINGING
        blamed = rings and (event.cause, event.by) != ("normal", "platform")
        if leg is not None:
            leg.route_command_id = None  # nothing rings any more
        if blamed:
            work.consult_failed(event.cause)
        else:
            caller_gone = (event.cause, event.by) == ("normal", "platform")  # the call's end comes next
            self._ended(work, "customer_left" if caller_gone else event.cause)

    def _ended(self, work: Work, cause: str) -> None:
        """Where the customer is not on hold, no event says that they are back: the order is done now."""
        pending, first = work.interaction.pending_command or "", work.primary
        work.end_consult(ORDERED.get(pending, cause))
        if pending in ORDERED and first is not None and first.state == LegState.ACTIVE:
            work.stop_waiting()

    async def _sent_away(self, work: Work, event: CallEvent) -> None:
        """A cold transfer to a number: the agent keeps the customer until somebody answers there."""
        x = work.interaction
        if isinstance(event, LegRinging):
            x.pending_until = self.desk.now + timedelta(seconds=RING_SECONDS)
            work.still_waiting()
        elif isinstance(event, LegAnswered | CallBridged):
            work.move_outside((await self.policies.rules(self.desk.session, x)).wrap_up)
        elif isinstance(event, LegEnded) and x.pending_command_id is not None:
            call_commands.failed(self.desk, work, x.pending_command_id, event.cause)


def _sends_away(work: Work, event: CallEvent) -> bool:
    x = work.interaction
    return x.pending_command == "transfer" and event.command_id == x.pending_command_id


def _is_consults(work: Work, event: CallEvent) -> bool:
    """Whether it is about a leg of a consult, present or past, and not about the primary one. (A hold's
    command is its own, so it says nothing about the leg.)"""
    primary, consult = work.primary, work.consult
    if primary is not None and _names(primary, event):
        return False
    if event.leg == "consult" or (consult is not None and _names(consult, event)):
        return True
    outside = work.interaction.outside
    return outside is not None and event.command_id == UUID(outside["command_id"])


def _names(leg: Leg, event: CallEvent) -> bool:
    if event.command_id is not None and event.command_id == leg.route_command_id:
        return True
    return event.leg_id is not None and event.leg_id == leg.device_leg_id
