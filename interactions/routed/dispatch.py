"""What senders send and what becomes of it: the touch as a message, and its delivery state afterwards."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append_inbound
from app.bus.together import Together
from app.database import Database
from app.events import Address, CallEnded
from app.file_links import FileLinks
from app.files import clean_name, content_type_of
from channels.abilities import Media
from channels.attempt import StoredMedia
from channels.base import CALL_ENDED, Button, ChosenTemplate, OutboundAttachment, OutboundMessage, Unsendable
from interactions.calls import call_commands
from interactions.intake.mail_reader import Blobs
from interactions.life.desk import database_now
from interactions.touches import media, receipts
from models.attachment import Attachment
from models.customer import ContactAddress
from models.delivery import Delivery
from models.touch import Touch

ROWS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    """What a message is made of."""

    touch: Touch
    address: Address
    files: Sequence[Attachment]
    quoted: Touch | None


class InteractionDispatch:
    """`channels.recorder.Dispatch` and `channels.attempt.Content` over our rows."""

    def __init__(self, database: Database, blobs: Blobs, links: FileLinks) -> None:
        self._database, self._blobs, self._links = database, blobs, links
        self._read: Together[Delivery, Row | None] = Together(self._rows, most=ROWS_MAX)

    async def message(self, delivery: Delivery) -> OutboundMessage:
        row = await self._read.ask(delivery)
        if row is None:
            raise Unsendable("the message is no longer there")
        assert delivery.interaction_id is not None
        touch, about = row.touch, delivery.payload
        return OutboundMessage(
            touch_id=touch.id,
            interaction_id=delivery.interaction_id,
            provider_key=delivery.provider_key,
            address=row.address,
            text=touch.text,
            html=touch.html,
            subject=touch.subject,
            conversation=about.get("conversation"),
            thread=about.get("thread") or {},
            attachments=await self._contents(delivery.tenant_id, row.files),
            template=_template(touch),
            buttons=[Button(**button) for button in touch.payload.get("buttons") or ()],
            reply_to=None if row.quoted is None else row.quoted.provider_id,
            signature=touch.payload.get("signature"),
            automatic=bool(about.get("automatic")),
            at=touch.at,
        )

    async def sent(self, session: AsyncSession, sent: Sequence[tuple[Delivery, str | None]]) -> None:
        for delivery, _ in sent:
            if delivery.kind == "command":
                await call_commands.command_taken(session, delivery.tenant_id, delivery)
        taken = [
            receipts.Taken(delivery.endpoint_id, delivery.touch_id, provider_id)
            for delivery, provider_id in sent
            if delivery.kind == "message" and delivery.touch_id is not None
        ]
        if taken:
            await receipts.take(session, taken, await database_now(session))

    async def failed(self, session: AsyncSession, failed: Sequence[tuple[Delivery, str]]) -> None:
        refused: dict[UUID, str] = {}
        for delivery, reason in failed:
            if delivery.kind == "command" and reason == CALL_ENDED:
                _caller_left(session, delivery)
            elif delivery.kind == "command":
                await call_commands.command_failed(session, delivery.tenant_id, delivery, reason)
            elif delivery.kind == "media":
                await media.missing(session, delivery, reason, await database_now(session))
            elif delivery.kind == "message" and delivery.touch_id is not None:
                refused[delivery.touch_id] = reason
        if refused:
            await receipts.refuse(session, refused, await database_now(session))

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
            OutboundAttachment(
                name=file.name,
                content_type=file.content_type,
                content=await self._blobs.get(tenant_id, file.sha256),
                url=self._links.address(tenant_id, file.id),
            )
            for file in files
        ]

    async def _rows(self, deliveries: Sequence[Delivery]) -> Sequence[Row | None]:
        """Those of one tenant in one read."""
        by_tenant: dict[UUID, list[Delivery]] = {}
        for delivery in deliveries:
            by_tenant.setdefault(delivery.tenant_id, []).append(delivery)
        found: dict[UUID, Row] = {}
        for tenant_id, those in by_tenant.items():
            async with self._database.read(tenant_id) as session:
                found |= await _found(session, those)
        return [found.get(delivery.id) for delivery in deliveries]


async def _found(session: AsyncSession, deliveries: Sequence[Delivery]) -> dict[UUID, Row]:
    touches = await Touch.known(session, [one.touch_id for one in deliveries if one.touch_id])
    quoted = await Touch.known(session, [touch.quotes for touch in touches.values() if touch.quotes])
    addresses = await ContactAddress.known(
        session, [touch.address_id for touch in touches.values() if touch.address_id]
    )
    files = await Attachment.of_touches(
        session, [touch.id for touch in touches.values() if touch.attachments]
    )
    found = {}
    for delivery in deliveries:
        touch = touches.get(delivery.touch_id) if delivery.touch_id else None
        address = addresses.get(touch.address_id) if touch is not None and touch.address_id else None
        if touch is not None and address is not None:
            answered = quoted.get(touch.quotes) if touch.quotes else None
            found[delivery.id] = Row(touch, address.address, files.get(touch.id, ()), answered)
    return found


def _caller_left(session: AsyncSession, delivery: Delivery) -> None:
    """The platform refuses because the call is over: that is told as if it had told it by itself."""
    call = delivery.payload["call_id"]
    over = CallEnded(conversation=call, external_id=f"{call}:refused", by="customer")
    append_inbound(session, delivery.endpoint_id, over)


def _template(touch: Touch) -> ChosenTemplate | None:
    chosen = touch.payload.get("template")
    return None if chosen is None else ChosenTemplate(chosen["key"], tuple(chosen["values"]))
