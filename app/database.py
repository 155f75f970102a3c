"""The database: `Database.transaction()` is the only code that commits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.bus import outbox
from app.driver import json_text

Waker = Callable[[frozenset[outbox.Slot]], None]
"""Told after a commit which streams grew, in which partitions; must not block."""

SPARE_MAX: Final = 8
"""Connections of the driver's own."""

OUTAGES: Final = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that is away is known by."""

API_ROLE = "touchpoint_api"
WORKER_ROLE = "touchpoint_worker"


def async_url(url: str) -> str:
    """Any PostgreSQL URL as the one that SQLAlchemy's asyncpg dialect takes."""
    scheme, _, rest = url.partition("://")
    assert scheme.split("+")[0] in ("postgresql", "postgres"), "DATABASE_URL is not a PostgreSQL URL"
    return f"postgresql+asyncpg://{rest}"


class Database:
    """A pool of connections that act as `role` (which owns nothing). Transactions set the tenant for
    row-level security; after the commit `wake` is told what grew."""

    def __init__(
        self,
        url: str,
        role: str | None = None,
        *,
        pool_size: int = 16,
        idle_in_transaction_seconds: int | None = None,
        pooled: bool = True,
    ) -> None:
        settings = {"application_name": f"touchpoint {role or 'owner'}", "jit": "off"}
        if role:
            settings["role"] = role
        if idle_in_transaction_seconds:
            settings["idle_in_transaction_session_timeout"] = f"{idle_in_transaction_seconds}s"
        pool: dict[str, Any] = {
            "pool_size": pool_size,
            "max_overflow": 0,
            "pool_pre_ping": False,
            "pool_use_lifo": True,  # a few warm connections, which have their plans
        }
        self.url = url
        self._settings = settings
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            json_serializer=json_text,
            json_deserializer=orjson.loads,
            connect_args={"server_settings": settings, "timeout": 5},
            **(pool if pooled else {"poolclass": NullPool}),
        )
        self.wake: Waker = lambda slots: None
        self._spare: list[Any] = []
        self._spare_room = asyncio.Semaphore(SPARE_MAX)
        self._session = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """One transaction: commits at the end of the block with all new rows and appended events, else rolls
        back."""
        async with self._session() as session:
            session.info["outbox"] = outbox.Outbox(tenant_id)
            async with session.begin():
                await act_for(session, tenant_id)
                yield session
                await session.flush()  # what ends goes before what begins: one live leg, one open offer
                await outbox.flush(session)
        if grown := session.info["outbox"].grown:
            self.wake(frozenset(grown))

    @asynccontextmanager
    async def read(self, tenant_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """A read-only transaction."""
        async with self._session() as session, session.begin():
            await session.execute(_READ_ONLY, {"id": "" if tenant_id is None else str(tenant_id)})
            yield session

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        """The rows of one statement with $1, $2 …, in autocommit, by the driver itself: what the log does for
        every event takes a sixth of the time that it takes through SQLAlchemy. Raises OSError and asyncpg's
        own errors."""
        async with self._spare_room:
            connection = (
                self._spare.pop()
                if self._spare
                else await self.raw_connection(plan_cache_mode="force_generic_plan")
            )
            try:
                rows: list[Any] = await connection.fetch(statement, *values)
            except asyncpg.PostgresError:  # an answer: the connection is as good as before, or closed
                self._keep(connection)
                raise
            except BaseException:  # nobody knows what it still waits for
                connection.terminate()
                raise
            self._keep(connection)
            return rows

    def _keep(self, connection: Any) -> None:
        if not connection.is_closed():
            self._spare.append(connection)

    async def raw_connection(self, **settings: str) -> Any:
        """An asyncpg connection of its own, in autocommit, for locks and LISTEN. The caller closes it."""
        return await asyncpg.connect(self.url, server_settings={**self._settings, **settings}, timeout=5)

    async def close(self) -> None:
        while self._spare:
            self._spare.pop().terminate()
        await self.engine.dispose()


_READ_ONLY = text(
    "SELECT set_config('transaction_read_only', 'on', true), set_config('app.tenant_id', :id, true)"
)


async def act_for(session: AsyncSession, tenant_id: UUID | None) -> None:
    """From here on the transaction sees this tenant's rows only. A batch calls it for each of its tenants."""
    if tenant_id is None:
        return
    await session.execute(text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(tenant_id)})
    if "outbox" in session.info:
        session.info["outbox"].tenant_id = tenant_id
