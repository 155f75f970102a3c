"""Phone calls: the platform's events, merged into facts, move the interaction.

Accept is not answer: an accepted call is `connecting` until the platform reports the bridge. Every rule
here is a sentence of SEMANTICS §1.1; races are decided by the interaction's row lock."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.events import (
    CallBridged,
    CallDigits,
    CallEnded,
    CallEvent,
    CallIncoming,
    CallsSnapshot,
    CommandFailed,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegResumed,
    LegRinging,
)
from interactions.calls import call_commands, callbacks
from interactions.calls.call_facts import happened, is_late, merge
from interactions.calls.consult_calls import ConsultCalls
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.base import among
from models.call import Call
from models.interaction import State
from models.leg import Leg, LegState
from models.segment import Segment, SegmentKind

SNAPSHOT_SLACK = timedelta(seconds=5)
"""A call younger than this may be missing in a platform's list."""

SHOWN_BY_HOLDING = ("hold", "resume", "swap", "return", "leave")
"""Orders that are done when the customer is held, or back."""

Open = Callable[[Call, CallIncoming, datetime], Awaitable[Work]]
"""Make the interaction of a call that has just become known (intake: address, customer, queue, door,
touch)."""


@dataclass
class Report:
    """One event of one call. `fresh`: it told something new. `late`: it names a leg that the call had before,
    or comes after what happened later, so it says nothing about a leg that has no name yet."""

    event: CallEvent
    call: Call
    at: datetime
    fresh: bool
    late: bool = False


@dataclass
class CallBook:
    """The locked calls of a batch, with the batch's events merged into them."""

    reports: list[Report] = field(default_factory=list)
    lost: list[Call] = field(default_factory=list)

    @property
    def interaction_ids(self) -> set[UUID]:
        calls = [*(report.call for report in self.reports), *self.lost]
        return {call.interaction_id for call in calls if call.interaction_id is not None}


async def load(
    session: AsyncSession, tenant_id: UUID, events: Sequence[tuple[UUID, CallEvent, datetime]]
) -> CallBook:
    """Lock the calls that `events` (endpoint, event, when recorded) speak of, and merge the events into
    them."""
    book = CallBook()
    told = [(endpoint, event, at) for endpoint, event, at in events if event.conversation is not None]
    keys = {(endpoint, event.conversation or "") for endpoint, event, _ in told}
    held = await Call.hold(session, keys, tenant_id) if keys else ()
    calls = {(call.endpoint_id, call.call_id): call for call in held}
    for endpoint, event, recorded_at in told:
        call = calls[endpoint, event.conversation or ""]
        at = event.occurred_at or recorded_at
        late = is_late(call, event)
        book.reports.append(Report(event, call, at, merge(call, event, at), late))
    for endpoint, event, recorded_at in events:
        if isinstance(event, CallsSnapshot):
            book.lost += await _compare(session, endpoint, event, event.occurred_at or recorded_at)
    return book


async def apply(desk: Desk, book: CallBook, policies: PolicyBook, open_call: Open) -> None:
    """Move the interactions; `desk` was opened with `book.interaction_ids`. The caller saves."""
    mover = Mover(desk, policies)
    for report in book.reports:
        incoming = report.call.facts.get("incoming")
        if report.call.interaction_id is None and incoming is not None:
            work = await open_call(report.call, CallIncoming.model_validate(incoming), report.at)
            report.call.interaction_id = work.interaction.id
            await mover.catch_up(work, report.call)
        elif report.call.interaction_id is not None and report.fresh:
            work = desk.works[report.call.interaction_id]
            if _is_present(work, report.call):
                await mover.move(work, report)
            elif isinstance(report.event, CallEnded):
                report.call.ended_at = report.call.ended_at or desk.now
    for call in book.lost:
        call.ended_at = desk.now
        if call.interaction_id is not None and _is_present(desk.works[call.interaction_id], call):
            await mover.ended(desk.works[call.interaction_id], "platform", "lost")


class Mover:
    """What each event does to an interaction."""

    def __init__(self, desk: Desk, policies: PolicyBook) -> None:
        self.desk, self.policies = desk, policies
        self.consults = ConsultCalls(desk, policies)

    async def catch_up(self, work: Work, call: Call) -> None:
        """The interaction is new, but the call's end or bridge was known before: durations are the events'
        own."""
        ended, began = happened(call, "ended"), happened(call, "incoming")
        if work.final or began is None or (ended is None and call.bridged_at is None):
            return
        work.began(began)
        if call.bridged_at is not None:
            work.now = ended or call.bridged_at
            work.answered_elsewhere(call.bridged_at)
        elif ended is not None:
            work.now = ended
            work.customer_left(call.facts["ended"]["by"], call.facts["ended"]["cause"])

    async def move(self, work: Work, report: Report) -> None:
        event = report.event
        if await self.consults.took(work, event, late=report.late):
            return
        if isinstance(event, CallEnded):
            report.call.ended_at = report.call.ended_at or self.desk.now
            await self.ended(work, event.by, event.cause)
        elif isinstance(event, CallBridged):
            await self.bridged(work, report)
        elif isinstance(event, LegRinging | LegAnswered):
            await self.leg_told(work, event, late=report.late)
        elif isinstance(event, LegEnded):
            await self.leg_ended(work, event, late=report.late)
        elif isinstance(event, LegHeld | LegResumed):
            self.held(work, event)
        elif isinstance(event, CallDigits):
            await callbacks.pressed(self.desk, self.policies, work, event.digits)
        elif isinstance(event, CommandFailed) and event.command_id is not None:
            call_commands.failed(self.desk, work, event.command_id, event.reason)

    async def ended(self, work: Work, by: str, cause: str) -> None:
        """The call is over: abandoned while nobody talked, else wrap-up."""
        if work.final or work.state == State.WRAP_UP:
            return
        if work.is_callback:
            await callbacks.unanswered(self.desk, self.policies, work, cause)
            return
        if work.dials_out:
            work.close(by, cause, "not_reached")
            return
        if work.state == State.ACTIVE:
            call_commands.cancel_outside(self.desk, work)
            rules = await self.policies.rules(self.desk.session, work.interaction)
            work.end_contact(by, cause, rules.wrap_up)
            return
        leg = work.primary
        if leg is not None and leg.state == LegState.CONNECTING:
            call_commands.cancel_agent_leg(self.desk, work, leg)
        work.customer_left(by, cause)  # a device that rings for an offer is stopped with it

    async def bridged(self, work: Work, report: Report) -> None:
        leg = work.primary
        if _rings_for_offer(leg, report.event, late=report.late):
            work.accept(connect_seconds=None)
        elif (
            leg is not None
            and leg.state == LegState.CONNECTING
            and _is_ours(leg, report.event, late=report.late)
        ):
            work.bridged()
        elif work.state == State.ABANDONED and work.interaction.last_agent_id is None:
            work.was_bridged(report.at, await self._abandoned_entry(work))
        elif work.state in (State.QUEUED, State.OFFERED) and not _was_routed(report.call, work):
            work.answered_elsewhere(report.at)

    async def leg_ended(self, work: Work, event: LegEnded, *, late: bool = False) -> None:
        if event.leg == "customer":
            await self.ended(work, event.by, event.cause)
            return
        leg = work.primary
        if leg is None or not _is_ours(leg, event, late=late):
            return
        if work.dials_out and (event.cause, event.by) == ("normal", "agent"):
            call_commands.end_call(self.desk, work)
            await self.ended(work, "agent", "cancelled")
        elif leg.state == LegState.CONNECTING or _rings_for_offer(leg, event, late=late):
            # Taken down by the platform in good order: the caller is gone, and the call's end comes next.
            if (event.cause, event.by) != ("normal", "platform"):
                work.device_failed(event.cause)
        elif leg.state in (LegState.ACTIVE, LegState.HELD):
            await self._agent_gone(work, leg, event)

    async def _agent_gone(self, work: Work, leg: Leg, event: LegEnded) -> None:
        if await self.consults.first_gone(work, event):
            return
        if event.cause == "normal":
            rules = await self.policies.rules(self.desk.session, work.interaction)
            if await call_commands.controls_calls(self.desk.session, work.interaction.endpoint_id):
                call_commands.end_call(self.desk, work)
            work.end_contact(event.by, event.cause, rules.wrap_up)
            return
        work.not_responding(leg.agent_id, "device")
        work.requeue(work.interaction.queue, "return", "dropped")

    def held(self, work: Work, event: LegHeld | LegResumed) -> None:
        leg = work.primary
        if leg is None or _is_anothers(leg, event):
            return
        if isinstance(event, LegHeld) and leg.state == LegState.ACTIVE:
            work.hold()
        elif isinstance(event, LegResumed) and leg.state == LegState.HELD:
            work.resume()
        else:
            return
        if work.interaction.pending_command in SHOWN_BY_HOLDING:
            work.stop_waiting()

    async def leg_told(self, work: Work, event: LegRinging | LegAnswered, *, late: bool = False) -> None:
        """The agent's leg gets its name; where picking up is the accept, that accepts the offer."""
        leg = work.primary
        if leg is None or event.leg != "agent" or not _is_ours(leg, event, late=late):
            return
        leg.device_leg_id = event.leg_id or leg.device_leg_id
        if isinstance(event, LegAnswered) and work.dials_out:
            work.agent_reached()
        elif isinstance(event, LegAnswered) and _rings_for_offer(leg, event, late=late):
            rules = await self.policies.rules(self.desk.session, work.interaction)
            work.accept(connect_seconds=rules.connect_seconds)

    async def _abandoned_entry(self, work: Work) -> Segment | None:
        found: Segment | None = await self.desk.session.scalar(
            select(Segment)
            .where(
                Segment.interaction_id == work.interaction.id,
                Segment.kind == SegmentKind.QUEUE,
                Segment.outcome == "abandoned",
            )
            .order_by(Segment.started_at.desc())
            .limit(1)
        )
        return found


def _is_present(work: Work, call: Call) -> bool:
    """It is the call of this interaction now: who is called back had another one before."""
    return work.interaction.conversation == call.call_id


def _rings_for_offer(leg: Leg | None, event: CallEvent, *, late: bool) -> bool:
    """The device rings for an offer that nobody has accepted yet, and the event is about it."""
    if leg is None or leg.state != LegState.OFFERED or leg.route_command_id is None:
        return False
    return _is_ours(leg, event, late=late)


def _is_ours(leg: Leg, event: CallEvent, *, late: bool) -> bool:
    """Whether the platform's event is about this agent's leg, not about one that ended before. `late`:
    without a command's id it can only be about a leg whose name we know."""
    if event.command_id is not None:
        return event.command_id == leg.route_command_id
    if event.leg_id is not None and event.leg == "agent":
        return leg.device_leg_id == event.leg_id or (leg.device_leg_id is None and not late)
    return True


def _is_anothers(leg: Leg, event: CallEvent) -> bool:
    """It names the leg of an agent who had the call before. (Its command is the hold's, not the leg's.)"""
    known, told = leg.device_leg_id, event.leg_id
    return event.leg == "agent" and known is not None and told is not None and known != told


def _was_routed(call: Call, work: Work) -> bool:
    """An agent of ours was in this call before: a late bridge is theirs."""
    return (
        any(leg.get("leg") == "agent" for leg in call.legs.values())
        or work.interaction.last_agent_id is not None
    )


async def _compare(
    session: AsyncSession, endpoint_id: UUID, snapshot: CallsSnapshot, at: datetime
) -> list[Call]:
    """Calls that the platform does not list: absent twice, they have ended and nobody told us. Those to be
    changed are locked in one order, for batches of other partitions lock theirs."""
    await session.flush()  # what this batch has merged: reading the rows anew would undo it
    listed = among(Call.call_id, snapshot.call_ids)
    back = and_(listed, Call.absent_count > 0)
    missing = and_(not_(listed), Call.created_at < at - SNAPSHOT_SLACK)
    query = (
        select(Call)
        .where(Call.endpoint_id == endpoint_id, Call.ended_at.is_(None), or_(back, missing))
        .order_by(Call.call_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found, present = list(await session.scalars(query)), set(snapshot.call_ids)
    for call in found:
        call.absent_count = 0 if call.call_id in present else call.absent_count + 1
    return [call for call in found if call.absent_count >= 2]
