"""Orders to a telephony platform: rows of `delivery`, written in the transaction that decides, valid five
seconds.

Only the platform's events move a call; a command merely shows as `pending` until they do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append
from app.clock import new_id
from app.errors import NoCallControl
from app.events import CallCommandFailed
from interactions.calls.dialling import redial
from interactions.life.command_rows import COMMAND_SECONDS, command_row, issue, stop_ringing
from interactions.life.desk import Desk
from interactions.life.work import Work
from models.agent import Device
from models.base import among
from models.delivery import Delivery, DeliveryState
from models.endpoint import Endpoint
from models.leg import Leg, LegRole, LegState

UNTOLD = frozenset({"call.digits", "recording.pause", "recording.resume"})
"""No event says that these were done: the platform's word that it takes them has to do."""

RINGING = (LegState.OFFERED, LegState.CONNECTING)


async def controls_calls(session: AsyncSession, endpoint_id: UUID | None) -> bool:
    """Whether the platform behind this endpoint takes commands."""
    found = await session.scalar(select(Endpoint.controls_calls).where(Endpoint.id == endpoint_id))
    return bool(found)


async def has_phone(session: AsyncSession, agent_id: UUID, endpoint_id: UUID | None) -> bool:
    """Whether this platform can ring for the agent."""
    return endpoint_id is not None and await Device.at_endpoint(session, agent_id, endpoint_id) is not None


async def dial_agent(desk: Desk, work: Work, leg: Leg) -> None:
    """Make the device of the agent who accepted ring. Without a device the connection has failed."""
    x = work.interaction
    device = await desk.session.scalar(
        select(Device).where(Device.agent_id == leg.agent_id, Device.endpoint_id == x.endpoint_id)
    )
    if device is not None and work.dials_out:
        await redial(desk, work, leg, device)
    elif device is not None:
        _ring(desk, work, leg, device)
    elif leg.role == LegRole.PRIMARY:
        work.connect_failed("unreachable")
    else:
        work.consult_failed("unreachable")


async def ring_for_offers(desk: Desk, works: Sequence[Work]) -> None:
    """These are accepted by picking up: the devices of whom they are offered to ring now. Where there is no
    such device, or the platform is only watched, the desktop accepts. Two statements for all of them."""
    works = [work for work in works if not work.dials_out]
    if not works:
        return
    endpoints = {work.interaction.endpoint_id for work in works}
    controlled = set(
        await desk.session.scalars(
            select(Endpoint.id).where(among(Endpoint.id, endpoints), Endpoint.controls_calls)
        )
    )
    agents = [leg.agent_id for work in works if (leg := work.offered_leg) is not None]
    found = await desk.session.scalars(
        select(Device).where(among(Device.agent_id, agents), among(Device.endpoint_id, controlled))
    )
    devices: dict[tuple[UUID, UUID | None], Device] = {(d.agent_id, d.endpoint_id): d for d in found}
    for work in works:
        leg = work.offered_leg
        device = devices.get((leg.agent_id, work.interaction.endpoint_id)) if leg is not None else None
        if leg is not None and device is not None:
            _ring(desk, work, leg, device)


def _ring(desk: Desk, work: Work, leg: Leg, device: Device) -> None:
    leg.device = device.address
    command = "call.route" if leg.role == LegRole.PRIMARY else "call.consult"
    leg.route_command_id = _issue(desk, work, command, to=device.address, confirm_key=device.confirm_key)


def _issue(desk: Desk, work: Work, command: str, **arguments: Any) -> UUID:
    return issue(desk.session, work.interaction, desk.now, command, **arguments)


def cancel_agent_leg(desk: Desk, work: Work, leg: Leg) -> None:
    """Stop the agent's device ringing, or take it out of the call; the customer stays with the platform."""
    stop_ringing(desk.session, work.interaction, desk.now, leg)


def end_call(desk: Desk, work: Work) -> UUID:
    """Hang up on both."""
    return _issue(desk, work, "call.end")


def hold(desk: Desk, work: Work) -> None:
    """The customer hears music while somebody is consulted."""
    command_id = _issue(desk, work, "call.hold")
    work.wait_for(command_id, "hold", desk.now + timedelta(seconds=COMMAND_SECONDS))


def complete_transfer(desk: Desk, work: Work) -> UUID:
    """Join the customer and who was consulted; the first agent is out of it."""
    return _issue(desk, work, "call.complete_transfer")


def consult_outside(desk: Desk, work: Work, address: str) -> UUID:
    """Dial somebody outside, beside the customer's call."""
    return _issue(desk, work, "call.consult", to=address)


def cancel_outside(desk: Desk, work: Work) -> None:
    """Who rings outside, for a consult or to get the customer, rings no more. (An agent's device is stopped
    when their leg ends.)"""
    x = work.interaction
    if x.outside is not None:
        _issue(desk, work, "call.cancel", route_command_id=x.outside["command_id"])
    elif x.pending_command == "transfer":
        _issue(desk, work, "call.cancel", route_command_id=str(x.pending_command_id))


def turn_away(desk: Desk, work: Work, announcement: str | None, *, record: bool = False) -> UUID:
    """A closed door: the platform plays the announcement, takes a message (`record`), and hangs up."""
    if announcement is None:
        return end_call(desk, work)
    return _issue(desk, work, "call.play", announcement=announcement, then="record" if record else "end")


async def order(desk: Desk, work: Work, command: str, pending: str, **arguments: Any) -> UUID:
    """An agent's wish (hold, resume, digits, end): shown as `pending`. Raises NoCallControl, and
    IllegalTransition for what would come between the customer and whom they are being handed to."""
    if command not in UNTOLD | {"call.end"}:
        work.check_stays()
    if not await controls_calls(desk.session, work.interaction.endpoint_id):
        raise NoCallControl()
    command_id = _issue(desk, work, command, **arguments)
    if command not in UNTOLD or work.interaction.pending_command_id is None:
        work.wait_for(command_id, pending, desk.now + timedelta(seconds=COMMAND_SECONDS))
    return command_id


def failed(desk: Desk, work: Work, command_id: UUID, reason: str) -> None:
    """A command was refused or ran out: the desktop drops `pending`; a device that could not be dialled gives
    the customer back to the queue."""
    x = work.interaction
    leg = _ringing_by(work, command_id)
    if leg is not None and work.dials_out:
        _not_dialled(work)
    elif leg is not None and leg.role == LegRole.PRIMARY:
        work.device_failed("failed")
    elif leg is not None:
        leg.route_command_id = None  # nothing rings
        work.end_consult("refused")
        tell_failure(desk, work, command_id, "consult", reason)
    elif x.outside is not None and x.outside["command_id"] == str(command_id):
        work.end_consult("refused")
        tell_failure(desk, work, command_id, "consult", reason)
    elif x.pending_command_id == command_id:
        command = x.pending_command or ""
        work.stop_waiting()
        if command == "hold" and not work.consult_answered:  # the customer would listen
            cancel_outside(desk, work)
            work.end_consult("not_held")
        tell_failure(desk, work, command_id, command, reason)


def _not_dialled(work: Work) -> None:
    """The platform refuses a call of ours, for its number perhaps: no agent is to blame."""
    if not work.is_callback:
        work.close("platform", "failed", "not_reached")
    elif work.may_be_retried:
        work.not_dialled()
    else:
        work.give_up()


def tell_failure(desk: Desk, work: Work, command_id: UUID, command: str, reason: str) -> None:
    """The desktop of who has the call says that it did not work."""
    x, leg = work.interaction, work.primary
    append(
        desk.session,
        CallCommandFailed(
            entity=f"interaction/{x.id}",
            version=x.version + 1,
            queue=x.queue,
            agent_ids=() if leg is None else (leg.agent_id,),
            interaction_id=x.id,
            command_id=command_id,
            command=command,
            reason=reason,
        ),
        key=str(x.id),
        at=desk.now,
    )


def _ringing_by(work: Work, command_id: UUID) -> Leg | None:
    """The leg whose device this command makes ring, while it is awaited."""
    for leg in (work.primary, work.consult):
        if leg is not None and leg.route_command_id == command_id and leg.state in RINGING:
            return leg
    return None


async def command_failed(session: AsyncSession, tenant_id: UUID, delivery: Delivery, reason: str) -> None:
    """The sender could not deliver a command. One that was tried and ran out may have been obeyed all the
    same: then the platform's events decide, or the time in which they should have come. An order to ring that
    nobody tried (no worker was there) is given anew, with its time: the device is not to blame."""
    ran_out = reason == DeliveryState.EXPIRED
    if delivery.interaction_id is None or (ran_out and delivery.attempts > 0):
        return
    desk = await Desk.open(session, tenant_id, [delivery.interaction_id])
    work = desk.works.get(delivery.interaction_id)
    if work is None or work.final:
        return
    leg = _ringing_by(work, delivery.id)
    if ran_out and leg is not None:
        order = delivery.payload
        leg.route_command_id = _issue(desk, work, order["command"], **order["arguments"])
        work.rings_later(leg, desk.now - delivery.created_at)
    else:
        failed(desk, work, delivery.id, reason)
    await desk.save()


async def command_taken(session: AsyncSession, tenant_id: UUID, delivery: Delivery) -> None:
    """The platform has taken a command; of most its events tell the rest."""
    if delivery.interaction_id is None or delivery.payload["command"] not in UNTOLD:
        return
    desk = await Desk.open(session, tenant_id, [delivery.interaction_id])
    work = desk.works.get(delivery.interaction_id)
    if work is not None and work.interaction.pending_command_id == delivery.id:
        work.stop_waiting()
        await desk.save()


def ask_for_live_calls(session: AsyncSession, tenant_id: UUID, endpoint_id: UUID, now: datetime) -> None:
    """`calls.list`: the platform answers with a `calls.snapshot` event (lost ends are found so)."""
    place = f"{endpoint_id}/calls"
    session.add(command_row(tenant_id, endpoint_id, new_id(), "calls.list", place, now, {}))
