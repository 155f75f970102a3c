"""Files go when nothing names them: no attachment, no parked event, nothing unread."""

import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from app.blobs import BlobStore
from app.bus.envelopes import to_json
from app.bus.log import PostgresLog
from app.bus.positions import Share
from app.clock import new_id
from app.container import Container
from app.database import WORKER_ROLE, Database
from app.events import Stream
from app.housekeeping import sweep_blobs, tidy_journal, tidy_log
from models.attachment import Attachment
from models.journal import RoutingJournal
from tests.contracts.world import event
from tests.parts import SeededTenant, open_test_container, seed


@pytest.fixture
async def container(database_url: str, tmp_path: Path) -> AsyncIterator[Container]:
    """A worker's container."""
    async with open_test_container(database_url, tmp_path) as made:
        database = Database(database_url, WORKER_ROLE, pool_size=4)
        log = PostgresLog(database)
        await log.start()
        yield replace(made, database=database, bus=log, blobs=BlobStore(tmp_path / "blobs", made.cipher))
        await log.close()
        await database.close()


@pytest.fixture
async def acme(container: Container) -> SeededTenant:
    return await seed(container, "acme")


async def old_file(container: Container, tenant: SeededTenant, content: bytes) -> str:
    name = await container.blobs.put(tenant.id, content)
    path = container.settings.data_dir / "blobs" / str(tenant.id) / name[:2] / name
    os.utime(path, (time.time() - 25 * 3600,) * 2)
    return name


async def attach(container: Container, tenant: SeededTenant, name: str) -> None:
    attachment = Attachment(
        id=new_id(), tenant_id=tenant.id, sha256=name, name="a", content_type="text/plain", size=1
    )
    async with container.database.transaction(tenant.id) as session:
        session.add(attachment)


async def park(container: Container, tenant: SeededTenant, name: str) -> None:
    envelope = event("a", orjson.dumps({"sha256": name}), tenant_id=tenant.id)
    raw = container.cipher.seal(tenant.id, to_json(envelope))
    async with container.database.transaction() as session:
        await Share("intake", Stream.INBOUND, "postgres", 0).park(session, envelope, raw, "poison")


class TestSweepBlobs:
    async def test_what_is_attached_or_parked_stays(self, container: Container, acme: SeededTenant) -> None:
        names = [await old_file(container, acme, content) for content in (b"attached", b"parked", b"loose")]
        await attach(container, acme, names[0])
        await park(container, acme, names[1])
        await sweep_blobs(container)
        assert [await container.blobs.exists(acme.id, name) for name in names] == [True, True, False]

    async def test_nothing_goes_while_something_is_unread(
        self, container: Container, acme: SeededTenant
    ) -> None:
        name = await old_file(container, acme, b"named by what is unread")
        await container.bus.publish([event("a", orjson.dumps({"sha256": name}), tenant_id=acme.id)])
        await sweep_blobs(container)
        assert await container.blobs.exists(acme.id, name)


class TestTidyLog:
    async def test_young_events_stay(self, container: Container, acme: SeededTenant) -> None:
        await container.bus.publish([event("a", tenant_id=acme.id)])
        await tidy_log(container, {})
        assert await container.bus.unread("intake", Stream.INBOUND, 10) == 1


class TestTidyJournal:
    async def test_ninety_days_are_kept(self, container: Container, acme: SeededTenant) -> None:
        now = int(time.time() * 1_000_000)
        times = [now - days * 86_400_000_000 for days in (91, 89, 0)]
        async with container.database.transaction(acme.id) as session:
            for now_us in times:
                row = {"tenant_id": acme.id, "epoch": 1, "kind": "batch", "document": {}}
                session.add(RoutingJournal(now_us=now_us, **row))
        await container.endpoints.refresh()
        await tidy_journal(container)
        async with container.database.read(acme.id) as session:
            kept = (await session.scalars(select(RoutingJournal.now_us))).all()
        assert sorted(kept) == times[1:]
