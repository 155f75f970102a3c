"""What a worker throws away in time: old rows of log and journal, and files that nothing refers to."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from app.bus.envelopes import from_json
from app.bus.retention import prune
from app.container import Container
from app.events import Stream
from app.security import CannotOpen
from models.attachment import Attachment
from models.base import PRUNED_AT_ONCE
from models.journal import RoutingJournal
from models.log import DeadLetter
from models.offer import Decision

log = structlog.get_logger()

HOUSE_SECONDS: Final = 600.0
DECISIONS_KEPT: Final = timedelta(days=90)
_NAME: Final = re.compile(rb"[0-9a-f]{64}")


async def keep_house(container: Container, readers: Mapping[str, Stream]) -> None:
    """Every ten minutes until cancelled. `readers`: all consumers and what they read."""
    while True:
        try:
            await tidy_log(container, readers)
            await tidy_journal(container)
            await sweep_blobs(container)
        except Exception as error:  # the outer shell: the next round is another chance
            log.warning("house not kept", error=repr(error)[:200])
        await container.clock.sleep(HOUSE_SECONDS)


async def tidy_log(container: Container, readers: Mapping[str, Stream]) -> None:
    deleted = await prune(container.database, timedelta(days=container.settings.event_log_keep_days), readers)
    if deleted:
        log.info("log pruned", events=deleted)


async def tidy_journal(container: Container) -> None:
    """What no replay and no explanation asks for any more, a tenant's oldest first."""
    for tenant in list(container.endpoints.tenants()):
        for table in (RoutingJournal, Decision):
            deleted = PRUNED_AT_ONCE
            while deleted == PRUNED_AT_ONCE:
                async with container.database.transaction(tenant.id) as session:
                    deleted = await table.prune(session, tenant.id, DECISIONS_KEPT)


async def sweep_blobs(container: Container) -> None:
    """Only while nothing is unread: an event that waits may be all that names a file."""
    if await container.bus.unread("intake", Stream.INBOUND, 1):
        return

    async def referenced(tenant_id: UUID, names: Collection[str]) -> Collection[str]:
        return {*await _attached(container, tenant_id, names), *await _parked(container, tenant_id)}

    deleted = await container.blobs.delete_unreferenced(referenced)
    if deleted:
        log.info("files deleted that nothing refers to", files=deleted)


async def _attached(container: Container, tenant_id: UUID, names: Collection[str]) -> Collection[str]:
    async with container.database.read(tenant_id) as session:
        found = await session.scalars(select(Attachment.sha256).where(Attachment.sha256.in_(names)))
        return found.all()


async def _parked(container: Container, tenant_id: UUID) -> Collection[str]:
    """What the tenant's dead letters name: they may be replayed. One that cannot be opened keeps nothing."""
    query = select(DeadLetter.raw).where(
        DeadLetter.tenant_id == tenant_id,
        DeadLetter.replayed_at.is_(None),
        DeadLetter.consumer.is_not(None),
    )
    async with container.database.read() as session:
        letters = (await session.scalars(query)).all()
    return {name for letter in letters for name in _names(container, tenant_id, letter)}


def _names(container: Container, tenant_id: UUID, letter: bytes) -> list[str]:
    try:
        data = from_json(container.cipher.open(tenant_id, letter)).data
    except (CannotOpen, ValueError):
        return []
    return [name.decode() for name in _NAME.findall(data)]
