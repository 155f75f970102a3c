"""The consumer of `inbound`: channel events become touches, interactions and the state of deliveries.

Batch-wise: duplicates, addresses, customers, open work and the rows to write are each one statement for the
whole batch. Any order of one conversation's events gives the same rows.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import caused_by
from app.errors import PoisonEvent
from app.events import Envelope, InboundEvent, MailReceived, Stream
from interactions.intake.inbound import Inbound, delivery_key
from interactions.intake.intake_round import IntakeRound
from interactions.intake.mail_reader import MailReader, ReadMail
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from interactions.touches import outgoing
from interactions.touches.outgoing import Directory
from models.delivery import DeliveryKey


class Intake:
    """`directory` holds the adapters, which sign and read the reply tokens of mails."""

    name: ClassVar[str] = "intake"
    stream: ClassVar[Stream] = Stream.INBOUND

    def __init__(
        self, policies: PolicyBook, paces: PaceBook, directory: Directory, mail_reader: MailReader
    ) -> None:
        self._policies, self._paces = policies, paces
        self._directory, self._mail_reader = directory, mail_reader

    async def prepare(self, batch: Sequence[Envelope]) -> Sequence[ReadMail | None]:
        """Mails are read and parsed, their attachments stored, before any transaction. Without one it is done
        at once, so that batches that were read together are applied together."""
        if all(envelope.type != MailReceived.type for envelope in batch):
            return [None] * len(batch)
        return await asyncio.gather(*(self._prepare(envelope) for envelope in batch))

    async def apply(
        self, batch: Sequence[Envelope], prepared: Sequence[ReadMail | None], session: AsyncSession
    ) -> None:
        tenant_id = batch[0].tenant_id
        caused_by(session, batch[0].id)
        read = [_read(envelope, mail) for envelope, mail in zip(batch, prepared, strict=True)]
        fresh = await _fresh(session, tenant_id, [inbound for inbound in read if inbound is not None])
        if fresh:
            intake = IntakeRound(session, tenant_id, self._policies, self._paces, self._directory, fresh)
            await intake.run()

    async def _prepare(self, envelope: Envelope) -> ReadMail | None:
        if envelope.type != MailReceived.type:
            return None
        event = MailReceived.model_validate_json(envelope.data)
        tenant_id, endpoint_id = envelope.tenant_id, _endpoint_id(envelope)
        hiding = self._directory.hiding(tenant_id, endpoint_id)
        adapter = outgoing.email_adapter(self._directory, endpoint_id)
        if adapter is None:
            return await self._mail_reader.read(tenant_id, event, hiding)
        config = adapter.config
        return await self._mail_reader.read(
            tenant_id, event, hiding, config.default_charset, config.authentication_server
        )


def _endpoint_id(envelope: Envelope) -> UUID:
    try:
        return UUID(envelope.source.removeprefix("/endpoints/"))
    except ValueError:
        raise PoisonEvent(f"{envelope.source!r} names no endpoint") from None


def _read(envelope: Envelope, mail: ReadMail | None) -> Inbound | None:
    event = envelope.event()
    if not isinstance(event, InboundEvent):
        return None
    return Inbound(envelope, event, _endpoint_id(envelope), mail)


async def _fresh(session: AsyncSession, tenant_id: UUID, read: Sequence[Inbound]) -> list[Inbound]:
    """Without what came before, and each only once."""
    first = {delivery_key(inbound): inbound for inbound in reversed(read)}
    taken = await DeliveryKey.take(session, tenant_id, first)
    fresh = {id(inbound) for key, inbound in first.items() if key in taken}
    return [inbound for inbound in read if id(inbound) in fresh]
