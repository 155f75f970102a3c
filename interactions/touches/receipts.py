"""What became of what we sent: receipts of the platform, reports of mail servers, the sender's own results.

A receipt may come before we know the provider's id of what it is about: it waits in `receipt`, and the sender
collects it. Both hold the id's lock meanwhile, so neither misses the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import new_id
from interactions.touches.touches import tell_update
from models.customer import ContactAddress
from models.receipt import Receipt
from models.touch import Touch

OURS: Final = "provider"
"""The hop from us to the platform or mail server."""

THEIRS: Final = "recipient"
"""The hop from there to the customer."""


@dataclass(frozen=True, slots=True)
class Told:
    """`provider_id`: the platform's id of what we sent; or `touch_id`, where a report named it."""

    endpoint_id: UUID
    state: str
    at: datetime
    reason: str | None = None
    provider_id: str | None = None
    touch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """One of ours that the platform has taken, under its own id where it gives one."""

    endpoint_id: UUID
    touch_id: UUID
    provider_id: str | None


async def apply(session: AsyncSession, tenant_id: UUID, told: Sequence[Told], now: datetime) -> None:
    """Five statements at most, whatever their number."""
    if not told:
        return
    named = [(t.endpoint_id, t.provider_id) for t in told if t.provider_id is not None]
    await Receipt.hold(session, named)
    by_provider = await Touch.by_provider_id(session, set(named))
    by_id = await Touch.locked(session, {t.touch_id for t in told if t.touch_id is not None})
    changed: dict[UUID, Touch] = {}
    for one in told:
        key = (one.endpoint_id, one.provider_id or "")
        touch = by_id.get(one.touch_id) if one.touch_id else by_provider.get(key)
        if touch is None:
            _keep(session, tenant_id, one)
        elif touch.advance(THEIRS, one.state, one.at, one.reason):
            changed[touch.id] = touch
    await tell(session, changed.values(), now)


async def tell(session: AsyncSession, touches: Collection[Touch], now: datetime) -> None:
    """One event for each touch whose delivery has moved."""
    known = await ContactAddress.known(session, {touch.address_id for touch in touches if touch.address_id})
    for touch in touches:
        row = known.get(touch.address_id) if touch.address_id else None
        author = touch.author.get("id")
        agents = (UUID(author),) if touch.author.get("type") == "agent" and author else ()
        tell_update(session, touch, None if row is None else row.address, agents, now)


async def take(session: AsyncSession, taken: Sequence[Taken], now: datetime) -> None:
    """The platform has these; what it told of them before we knew its ids is applied now."""
    named = [(one.endpoint_id, one.provider_id) for one in taken if one.provider_id is not None]
    await Receipt.hold(session, named)  # before the touches, as `apply` does
    touches = await Touch.locked(session, {one.touch_id for one in taken})
    waiting: dict[tuple[UUID, str], list[Receipt]] = {}
    for receipt in await Receipt.collect(session, named):
        waiting.setdefault((receipt.endpoint_id, receipt.provider_id), []).append(receipt)
    for one in taken:
        if (touch := touches.get(one.touch_id)) is None:
            continue
        touch.advance(OURS, "sent", now)
        if one.provider_id is not None:
            touch.provider_id = one.provider_id
            for receipt in waiting.get((one.endpoint_id, one.provider_id), ()):
                touch.advance(THEIRS, receipt.state, receipt.at, receipt.reason)
    await tell(session, touches.values(), now)


async def refuse(session: AsyncSession, reasons: Mapping[UUID, str], now: datetime) -> None:
    """The platform has not taken these touches, and why."""
    touches = await Touch.locked(session, reasons.keys())
    for touch in touches.values():
        touch.advance(OURS, "failed", now, reasons[touch.id])
    await tell(session, touches.values(), now)


def _keep(session: AsyncSession, tenant_id: UUID, told: Told) -> None:
    if told.provider_id is None:
        return
    session.add(
        Receipt(
            id=new_id(),
            tenant_id=tenant_id,
            endpoint_id=told.endpoint_id,
            provider_id=told.provider_id,
            state=told.state,
            reason=told.reason,
            at=told.at,
        )
    )
