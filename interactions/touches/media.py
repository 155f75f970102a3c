"""Files that a platform keeps for us: pending on their touch until a sender has fetched them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import events
from app.clock import new_id
from channels.attempt import StoredMedia
from interactions.touches.touches import tell_update
from models.attachment import Attachment
from models.customer import ContactAddress
from models.delivery import Delivery
from models.leg import Leg
from models.touch import Touch

MEDIA_EXPIRES: Final = timedelta(hours=24)


def shown(file: events.Attachment) -> dict[str, Any]:
    """A file as it stands in a touch: pending, without an id, until it has come."""
    item = {"name": file.name, "type": file.content_type, "size": file.size}
    return {"id": str(file.id), **item} if file.media is None else {**item, "state": "pending"}


def deliveries(
    touch: Touch, files: Sequence[events.Attachment], now: datetime, first: int = 0
) -> list[Delivery]:
    """Those that fetch the pending ones of `files`, which are the touch's attachments from `first` on."""
    awaited = [(index, file) for index, file in enumerate(files, first) if file.media is not None]
    return [_delivery(touch, index, file, now) for index, file in awaited]


def _delivery(touch: Touch, index: int, file: events.Attachment, now: datetime) -> Delivery:
    assert touch.endpoint_id is not None, "who names a file is an endpoint"
    return Delivery(
        id=new_id(),
        tenant_id=touch.tenant_id,
        kind="media",
        endpoint_id=touch.endpoint_id,
        interaction_id=touch.interaction_id,
        touch_id=touch.id,
        conversation=f"{touch.id}/{index}",
        payload={"index": index, "reference": dict(file.media or {}), "name": file.name},
        provider_key=f"{touch.id}/{index}",
        next_attempt_at=now,
        expires_at=now + MEDIA_EXPIRES,
    )


async def hang(session: AsyncSession, delivery: Delivery, media: StoredMedia, now: datetime) -> None:
    """The file has come: the touch shows it instead of the pending one."""
    touch = await _locked(session, delivery)
    if touch is None:
        return
    attachment = Attachment(
        id=new_id(),
        tenant_id=touch.tenant_id,
        touch_id=touch.id,
        name=media.name,
        content_type=media.content_type,
        size=media.size,
        sha256=media.sha256,
    )
    session.add(attachment)
    await _put(session, touch, delivery, attachment.item(), now)


async def missing(session: AsyncSession, delivery: Delivery, reason: str, now: datetime) -> None:
    """It does not come any more, and why."""
    touch = await _locked(session, delivery)
    if touch is not None:
        known = touch.attachments[delivery.payload["index"]]
        await _put(session, touch, delivery, {**known, "state": "failed", "reason": reason}, now)


async def _put(
    session: AsyncSession, touch: Touch, delivery: Delivery, item: dict[str, Any], now: datetime
) -> None:
    index = delivery.payload["index"]
    touch.attachments = [*touch.attachments[:index], item, *touch.attachments[index + 1 :]]
    touch.version += 1
    known = await ContactAddress.known(session, [touch.address_id] if touch.address_id else [])
    address = known[touch.address_id].address if touch.address_id in known else None
    holders = await Leg.holders(session, [touch.interaction_id] if touch.interaction_id else [])
    tell_update(session, touch, address, holders.values(), now)


async def _locked(session: AsyncSession, delivery: Delivery) -> Touch | None:
    touch_id: UUID | None = delivery.touch_id
    return None if touch_id is None else (await Touch.locked(session, [touch_id])).get(touch_id)
