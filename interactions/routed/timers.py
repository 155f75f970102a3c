"""What happens because time passes, read from the rows: undelivered offers, ended leases, wrap-up over,
parked work due, silent chats and messengers, visitors gone, commands unanswered, platforms to be asked for
their live calls, who still waits long after closing time.
Deadlines of offers are the engine's.

The worker that owns the tenant's routing partition sweeps, under its epoch. What the sweep found is judged
again under the rows' locks.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.agents import presence
from interactions.calls import call_commands, callbacks
from interactions.life.desk import Desk
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from interactions.routed import draining, interruptions
from interactions.routed.draining import Tell
from models.due import Drained, Due, Kind, Limits, find_due
from models.endpoint import Endpoint
from models.interaction import State
from models.leg import Leg, LegState
from models.offer import OfferState

TIMED_OUT: Final = "none(timed_out)"


Warn = Callable[[Desk, Work], Awaitable[None]]
"""Tell the visitor of a silent chat that it will be closed; the caller saves."""


class Timers:
    """One per worker process; it keeps nothing."""

    def __init__(
        self, policies: PolicyBook, paces: PaceBook, warn: Warn, tell: Tell, limits: Limits | None = None
    ) -> None:
        self._policies, self._paces, self._warn, self._tell = policies, paces, warn, tell
        self._limits = limits or Limits()

    async def find(
        self, session: AsyncSession, tenant_ids: Collection[UUID], drained: Collection[Drained] = ()
    ) -> list[Due]:
        """What is due for these tenants; `session` acts for none of them."""
        return await find_due(session, tenant_ids, self._limits, drained)

    async def fire(self, session: AsyncSession, tenant_id: UUID, due: Sequence[Due]) -> None:
        """Do what is due, all of one tenant, as far as it still is."""
        agents = {entry.id for entry in due if entry.kind == "lease"}
        platforms = {entry.id for entry in due if entry.kind == "live_calls"}
        works = {entry.id for entry in due} - agents - platforms
        works.update(await Leg.work_of(session, agents) if agents else ())
        desk = await Desk.open(session, tenant_id, works, agents)
        for entry in due:
            work = desk.works.get(entry.id)
            if work is not None:
                await self._fire(desk, work, entry.kind)
        await self._drain(desk, {entry.id for entry in due if entry.kind == "drained"})
        await presence.end_leases(desk, agents & desk.agents.keys(), self._policies)
        await _ask_for_calls(desk, platforms)
        await desk.save()

    async def _fire(self, desk: Desk, work: Work, kind: Kind) -> None:
        if (act := _BY_THE_ROWS.get(kind)) is not None:
            act(desk, work)
            return
        match kind:
            case "undelivered":
                self._undelivered(desk, work)
            case "silence":
                await self._silent(desk, work)
            case "visitor_gone":
                self._gone(desk, work)
            case "interruption":
                await interruptions.settle(desk, work)
            case "callback":
                await callbacks.look(desk, self._policies, work)
            case "quiet":
                self._quiet(desk, work)

    async def _drain(self, desk: Desk, ids: Collection[UUID]) -> None:
        if ids:
            await draining.turn_away(desk, ids, self._policies, self._paces, self._tell)

    def _undelivered(self, desk: Desk, work: Work) -> None:
        """The desktop never showed it: skipped for a while, not punished."""
        offer = work.offer
        if offer is None or offer.shown_at is not None:
            return
        if _passed(offer.created_at, self._limits.undelivered_seconds, desk.now):
            work.end_offer(OfferState.REVOKED, "undelivered")
            work.cool_down(offer.agent_id, self._limits.undelivered_skip_seconds)

    async def _silent(self, desk: Desk, work: Work) -> None:
        """We wrote last and the customer says nothing: they are warned, then the chat ends."""
        x = work.interaction
        since = x.last_touch_at
        if work.state != State.ACTIVE or since is None or since <= (x.last_customer_touch_at or _LONG_AGO):
            return
        warned = x.silence_warned_at is not None and x.silence_warned_at >= since
        if warned and _passed(since, self._limits.silence_close_seconds, desk.now):
            rules = await self._policies.rules(desk.session, x)
            work.end_contact("customer", "silent", rules.wrap_up)
        elif not warned and _passed(since, self._limits.silence_warn_seconds, desk.now):
            x.silence_warned_at = desk.now
            await self._warn(desk, work)

    def _quiet(self, desk: Desk, work: Work) -> None:
        """A messenger's customer answers when they like: until then the agent is free for others."""
        x = work.interaction
        since = x.last_touch_at
        if work.state != State.ACTIVE or since is None or since <= (x.last_customer_touch_at or _LONG_AGO):
            return
        if _passed(since, self._limits.messaging_park_seconds, desk.now):
            work.park(None)

    def _gone(self, desk: Desk, work: Work) -> None:
        """The visitor's last socket closed, and nobody talked with them yet."""
        gone_at = work.interaction.customer_gone_at
        if work.state not in (State.QUEUED, State.OFFERED) or gone_at is None:
            return
        if _passed(gone_at, self._limits.disconnect_grace_seconds, desk.now):
            work.customer_left("customer", "disconnected")


_LONG_AGO: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _wrap_up_over(desk: Desk, work: Work) -> None:
    for leg in list(work.legs):
        if leg.state == LegState.WRAP_UP and leg.wrap_up_due_at and leg.wrap_up_due_at <= desk.now:
            work.finish_wrap_up(leg, TIMED_OUT)


def _return(desk: Desk, work: Work) -> None:
    """Parked until now: back to its agent first, else anyone's."""
    until = work.interaction.parked_until
    if work.state == State.PARKED and until is not None and until <= desk.now:
        work.unpark()
        work.enter_queue(work.interaction.queue, "return")


def _reply_over(desk: Desk, work: Work) -> None:
    """Nobody may answer any more, and the customer has said nothing: it is over."""
    until = work.interaction.reply_until
    if work.state == State.PARKED and until is not None and until <= desk.now:
        work.close("platform", "reply_window_ended")


def _unanswered(desk: Desk, work: Work) -> None:
    """The platform was told, and no event came: the desktop drops `pending`."""
    x = work.interaction
    if x.pending_command_id is not None and x.pending_until is not None and x.pending_until <= desk.now:
        if x.pending_command == "transfer":
            call_commands.cancel_outside(desk, work)
        call_commands.failed(desk, work, x.pending_command_id, "no answer in time")


def _not_reached(desk: Desk, work: Work) -> None:
    """Who is consulted does not take the offer, or their phone does not answer: back, the customer is still
    held. The agent who calls out does not pick up: the call is over."""
    leg, offer = work.consult, work.offer
    if work.dials_out and (first := work.primary) is not None and _is_due(first, desk):
        call_commands.end_call(desk, work)
        work.connect_failed("no_answer")
    if leg is None:
        return
    if leg.state == LegState.OFFERED and offer is not None and offer.deadline_at <= desk.now:
        work.end_offer(OfferState.MISSED, "missed")
        work.not_responding(leg.agent_id, "missed")
    elif _is_due(leg, desk):
        work.consult_failed("no_answer")


_BY_THE_ROWS: Final[Mapping[Kind, Callable[[Desk, Work], None]]] = {
    "wrap_up": _wrap_up_over,
    "parked": _return,
    "pending": _unanswered,
    "call": _not_reached,
    "reply_over": _reply_over,
}
"""What needs nothing but the rows: no limits, no policy, nobody to be told."""


def _is_due(leg: Leg, desk: Desk) -> bool:
    return leg.connect_deadline_at is not None and leg.connect_deadline_at <= desk.now


async def _ask_for_calls(desk: Desk, endpoint_ids: set[UUID]) -> None:
    """The end of a call may never be told: platforms are asked every minute which calls still live."""
    for endpoint_id in sorted(endpoint_ids):
        call_commands.ask_for_live_calls(desk.session, desk.tenant_id, endpoint_id, desk.now)
    if endpoint_ids:
        await Endpoint.asked_for_calls(desk.session, endpoint_ids, desk.now)


def _passed(since: datetime, seconds: float, now: datetime) -> bool:
    return now - since >= timedelta(seconds=seconds)
