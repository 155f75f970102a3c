"""Access tokens of platforms that want a log-in (`LogsIn`): one is fetched, kept sealed, and used by all
processes until it ends or the platform refuses it."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from channels.abilities import AccessToken, LogsIn
from channels.steps import Exchange, run_steps
from models.endpoint_state import EndpointState

NAME: Final = "token"
RENEWED: Final = "renewed"
LOGIN_SECONDS: Final = 30
LOOK_SECONDS: Final = 0.2
MARGIN_SECONDS: Final = 300.0
"""A token is not used in the last part of its life: a tenth of it, at most so long."""


class Sealer(Protocol):
    """`app.security.Cipher`."""

    def seal(self, tenant_id: UUID, plain: bytes) -> bytes: ...

    def open(self, tenant_id: UUID, sealed: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Account:
    """An endpoint that logs in. `version` counts changes of its set-up: a token belongs to one of them."""

    tenant_id: UUID
    id: UUID
    version: int
    adapter: LogsIn


@dataclass(frozen=True, slots=True)
class Token:
    """`until` by the monotonic clock."""

    value: str = field(repr=False)
    version: int
    made_at: datetime
    until: float


class Tokens:
    """One per process."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database, self._sealer, self._clock = database, sealer, clock
        self._held: dict[UUID, Token] = {}
        self._turns: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, account: Account, exchange: Exchange) -> Token:
        """One that is valid now. Waits while another process fetches it. Raises what a log-in raises:
        Unsendable, NotDone, NotReached, NotAllowed."""
        async with self._turns[account.id]:
            while not self._fits(account):
                found = await self._find(account) or await self._log_in(account, exchange)
                if found is None:
                    await self._clock.sleep(LOOK_SECONDS)
                else:
                    self._held[account.id] = found
            return self._held[account.id]

    async def refused(self, account: Account, token: Token) -> None:
        """The platform takes it no longer: whoever needs one fetches a new one. Told twice it is one."""
        if self._held.get(account.id) == token:
            del self._held[account.id]
        async with self._database.transaction() as session:
            await EndpointState.end(session, account.id, NAME, token.made_at)

    def _fits(self, account: Account) -> bool:
        held = self._held.get(account.id)
        return held is not None and held.version == account.version and held.until > self._clock.monotonic()

    async def _find(self, account: Account) -> Token | None:
        async with self._database.read() as session:
            return await self._read(session, account)

    async def _read(self, session: AsyncSession, account: Account) -> Token | None:
        row = await EndpointState.find(session, account.id, NAME)
        if row is None or row.value is None or row.made_at is None or row.expires_at is None:
            return None
        kept: dict[str, Any] = orjson.loads(self._sealer.open(account.tenant_id, row.value))
        left = (row.expires_at - self._clock.now()).total_seconds()
        token = Token(kept["token"], kept["version"], row.made_at, self._clock.monotonic() + left)
        return token if token.version == account.version and left > 0 else None

    async def _log_in(self, account: Account, exchange: Exchange) -> Token | None:
        """None: another process is at it."""
        place = (account.tenant_id, account.id, NAME)
        async with self._database.transaction() as session:
            if not await EndpointState.lease(session, *place, timedelta(seconds=LOGIN_SECONDS)):
                return None
            if (made_meanwhile := await self._read(session, account)) is not None:
                await EndpointState.release(session, account.id, NAME)
                return made_meanwhile
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                access = await run_steps(account.adapter.login(await self._renewed(account)), exchange)
        except BaseException:
            async with self._database.transaction() as session:
                await EndpointState.release(session, account.id, NAME)
            raise
        return await self._keep(account, access)

    async def _renewed(self, account: Account) -> str | None:
        """What the last log-in left."""
        async with self._database.read() as session:
            row = await EndpointState.find(session, account.id, RENEWED)
        if row is None or row.value is None:
            return None
        return self._sealer.open(account.tenant_id, row.value).decode()

    async def _keep(self, account: Account, access: AccessToken) -> Token:
        lasts = access.lasts_seconds - min(access.lasts_seconds / 10, MARGIN_SECONDS)
        kept = orjson.dumps({"token": access.value, "version": account.version})
        sealed = self._sealer.seal(account.tenant_id, kept)
        place = (account.tenant_id, account.id)
        async with self._database.transaction() as session:
            if access.renewed is not None:
                renewed = self._sealer.seal(account.tenant_id, access.renewed.encode())
                await EndpointState.put(session, *place, RENEWED, renewed)
            made_at = await EndpointState.put(session, *place, NAME, sealed, timedelta(seconds=lasts))
        return Token(access.value, account.version, made_at, self._clock.monotonic() + lasts)
