"""Platforms are asked again in time, whether or not a webhook told us to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import text

from app.clock import new_id
from app.reconciling import reconcile
from channels.form import FormAdapter, FormConfig
from models.delivery import Delivery
from tests.sender.parts import Post


class Asked(FormAdapter):
    """A platform that is asked every five minutes."""

    fetch_seconds: ClassVar[float | None] = 300

    def fetch(self, state: Any, hint: Any) -> Any:
        raise AssertionError("nothing sends here")


class AskedWhenTold(Asked):
    fetch_seconds: ClassVar[float | None] = None


class AskedForCalls(Asked):
    """A phone platform that takes orders."""

    controls_calls = True

    def carry_out(self, command: Any) -> Any:
        raise AssertionError("nothing sends here")


LIVE_CALLS_SECONDS = 60


@dataclass
class Known:
    id: UUID
    tenant_id: UUID
    adapter: Any


@dataclass
class Setup:
    known: Sequence[Known]

    def all(self) -> Sequence[Known]:
        return self.known


@pytest.fixture
def setup(post: Post) -> Any:
    """One that is asked, one that is asked when told, one that is never."""
    adapters = [kind(FormConfig()) for kind in (Asked, AskedWhenTold, FormAdapter)]
    return Setup([Known(new_id(), post.tenant_id, adapter) for adapter in adapters])


async def fetches(post: Post) -> list[dict[str, Any]]:
    async with post.database.read() as session:
        rows = await session.execute(text("SELECT * FROM delivery WHERE kind = 'fetch' ORDER BY id"))
        return [dict(row) for row in rows.mappings()]


async def change(post: Post, statement: str) -> None:
    async with post.database.transaction() as session:
        await session.execute(text(statement))


class TestReconcile:
    async def test_asks_once_and_only_who_is_asked_regularly(self, post: Post, setup: Any) -> None:
        await asyncio.gather(*(reconcile(post.database, setup, LIVE_CALLS_SECONDS) for _ in range(4)))
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        (row,) = await fetches(post)
        assert row["endpoint_id"] == setup.known[0].id
        assert row["payload"]["hint"] == {}

    async def test_not_while_one_is_under_way_however_long(self, post: Post, setup: Any) -> None:
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        await change(post, "UPDATE delivery SET state = 'claimed', created_at = now() - interval '1 hour'")
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        assert len(await fetches(post)) == 1

    async def test_not_sooner_than_its_seconds_after_the_last(self, post: Post, setup: Any) -> None:
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        await change(post, "UPDATE delivery SET state = 'sent', created_at = now() - interval '4 minutes'")
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        assert len(await fetches(post)) == 1
        await change(post, "UPDATE delivery SET created_at = now() - interval '6 minutes'")
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        assert len(await fetches(post)) == 2

    async def test_for_live_calls_as_often_as_the_setting_says(self, post: Post) -> None:
        phones: Any = Setup([Known(new_id(), post.tenant_id, AskedForCalls(FormConfig()))])
        await reconcile(post.database, phones, 2)
        await change(post, "UPDATE delivery SET state = 'sent', created_at = now() - interval '3 seconds'")
        await reconcile(post.database, phones, 60)
        assert len(await fetches(post)) == 1
        await reconcile(post.database, phones, 2)
        assert len(await fetches(post)) == 2

    async def test_old_ones_are_forgotten(self, post: Post, setup: Any) -> None:
        await reconcile(post.database, setup, LIVE_CALLS_SECONDS)
        in_eight_days = datetime.now(UTC) + timedelta(days=8)
        async with post.database.transaction() as session:
            assert await Delivery.prune(session, in_eight_days, timedelta(days=7)) == 0, (
                "it is to be done yet"
            )
        await change(post, "UPDATE delivery SET state = 'sent', settled_at = now()")
        async with post.database.transaction() as session:
            assert await Delivery.prune(session, in_eight_days, timedelta(days=7)) == 1
        assert await fetches(post) == []
