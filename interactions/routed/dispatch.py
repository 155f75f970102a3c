"""What senders send and what becomes of it: the touch as a message, and its delivery state afterwards."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.events import Address
from app.files import clean_name, content_type_of
from channels.abilities import Media
from channels.attempt import StoredMedia
from channels.base import Button, ChosenTemplate, OutboundAttachment, OutboundMessage, Unsendable
from interactions.calls import call_commands
from interactions.intake.mail_reader import Blobs
from interactions.life.desk import database_now
from interactions.touches import media, receipts
from models.customer import ContactAddress
from models.delivery import Delivery
from models.touch import Attachment, Touch


class InteractionDispatch:
    """`channels.sender.Dispatch` and `channels.attempt.Content` over our rows."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database, self._blobs = database, blobs

    async def message(self, delivery: Delivery) -> OutboundMessage:
        async with self._database.read(delivery.tenant_id) as session:
            touch, address = await _addressed(session, delivery)
            files = await Attachment.of_touch(session, touch.id)
        assert delivery.interaction_id is not None
        return OutboundMessage(
            touch_id=touch.id,
            interaction_id=delivery.interaction_id,
            provider_key=delivery.provider_key,
            address=address,
            text=touch.text,
            html=touch.html,
            subject=touch.subject,
            conversation=delivery.payload.get("conversation"),
            thread=delivery.payload.get("thread") or {},
            attachments=await self._contents(delivery.tenant_id, files),
            template=_template(touch),
            buttons=[Button(**button) for button in touch.payload.get("buttons") or ()],
            reply_to=touch.payload.get("reply_to"),
            automatic=bool(delivery.payload.get("automatic")),
            at=touch.at,
        )

    async def sent(self, session: AsyncSession, delivery: Delivery, provider_id: str | None) -> None:
        if delivery.kind == "command":
            await call_commands.command_taken(session, delivery.tenant_id, delivery)
            return
        touch = await _touch(session, delivery)
        if touch is None:
            return
        now = await database_now(session)
        touch.advance(receipts.OURS, "sent", now)
        if provider_id is not None:
            touch.provider_id = provider_id
            await receipts.waiting_for(session, touch)
        await receipts.tell(session, [touch], now)

    async def failed(self, session: AsyncSession, delivery: Delivery, reason: str) -> None:
        if delivery.kind == "command":
            await call_commands.command_failed(session, delivery.tenant_id, delivery, reason)
            return
        if delivery.kind == "media":
            await media.missing(session, delivery, reason, await database_now(session))
            return
        touch = await _touch(session, delivery)
        if touch is None:
            return
        now = await database_now(session)
        touch.advance(receipts.OURS, "failed", now, reason)
        await receipts.tell(session, [touch], now)

    async def store(self, delivery: Delivery, found: Media) -> StoredMedia:
        """Named safely and typed by its content, whatever the platform says."""
        name = clean_name(found.name or delivery.payload["name"])
        return StoredMedia(
            sha256=await self._blobs.put(delivery.tenant_id, found.content),
            name=name,
            content_type=await asyncio.to_thread(content_type_of, found.content, name),
            size=len(found.content),
        )

    async def hang(self, session: AsyncSession, delivery: Delivery, stored: StoredMedia) -> None:
        await media.hang(session, delivery, stored, await database_now(session))

    async def _contents(self, tenant_id: UUID, files: Sequence[Attachment]) -> list[OutboundAttachment]:
        return [
            OutboundAttachment(file.name, file.content_type, await self._blobs.get(tenant_id, file.sha256))
            for file in files
        ]


def _template(touch: Touch) -> ChosenTemplate | None:
    chosen = touch.payload.get("template")
    return None if chosen is None else ChosenTemplate(chosen["key"], tuple(chosen["values"]))


async def _touch(session: AsyncSession, delivery: Delivery) -> Touch | None:
    if delivery.touch_id is None:
        return None
    return (await Touch.locked(session, [delivery.touch_id])).get(delivery.touch_id)


async def _addressed(session: AsyncSession, delivery: Delivery) -> tuple[Touch, Address]:
    touch = await session.get(Touch, (delivery.tenant_id, delivery.touch_id))
    row = await session.get(ContactAddress, touch.address_id) if touch and touch.address_id else None
    if touch is None or row is None:
        raise Unsendable("the message is no longer there")
    return touch, row.address
