"""Signing in and staying signed in: passwords, the throttle on failures, rotating refresh tokens.

An unknown tenant, an unknown e-mail and a wrong password look alike, in the answer and in its time.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import ACCESS_SECONDS, AccessTokens, AgentPrincipal
from app.clock import Clock, new_id
from app.database import OUTAGES, Database
from app.ended_sessions import EndedSessions
from app.errors import TooMany, Unauthenticated
from app.security import PASSWORD_MAX_CHARACTERS, Passwords, new_token, token_hash
from models.access import LoginFailure, RefreshSession
from models.agent import Agent
from models.tenant import Tenant

REFRESH_SECONDS: Final = 14 * 3600
"""A signed-in desktop that is closed for longer asks for the password again."""

ACCOUNT_FREE_ATTEMPTS: Final = 5
ACCOUNT_LOCK_SECONDS: Final = 30
PEER_FREE_FAILURES: Final = 50  # a whole office may share one address
PEER_LOCK_SECONDS: Final = 60
LOCK_MAX_SECONDS: Final = 900
FAILURES_KEPT: Final = timedelta(days=1)
TIDY_SECONDS: Final = 3600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`refresh_token` goes into the cookie and nowhere else."""

    access_token: str
    refresh_token: str


class SignIn:
    """The one place that turns credentials into tokens."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        tokens: AccessTokens,
        clock: Clock,
        ended: EndedSessions,
    ) -> None:
        self._database, self._passwords, self._tokens, self._clock = database, passwords, tokens, clock
        self._ended = ended

    async def with_password(self, tenant_key: str, email: str, password: str, peer: str) -> SignedIn:
        """Raises Unauthenticated, and TooMany while the account or the peer is locked."""
        account, peer = _subject("account", tenant_key, email.lower()), _subject("peer", peer)
        await self._count_attempt(account, peer)
        agent = await self._find(tenant_key, email)
        known_hash = agent.password_hash if agent and agent.disabled_at is None else None
        fits = len(password) <= PASSWORD_MAX_CHARACTERS and await self._passwords.verify(password, known_hash)
        if agent is None or not fits:
            await self._count_failure(peer)
            raise Unauthenticated("Tenant, e-mail or password is wrong.")
        async with self._database.transaction(agent.tenant_id) as session:
            await LoginFailure.forgive(session, account)
            return self._issue(session, agent, family_id=new_id())

    async def with_refresh_token(self, token: str) -> SignedIn:
        """The next token of the family. Raises Unauthenticated; a second use of one ends the family."""
        async with self._database.read() as session:
            stored = await RefreshSession.find(session, token_hash(token))
        if stored is None:
            raise Unauthenticated("Sign in again.")
        async with self._database.transaction(stored.tenant_id) as session:
            agent = await session.get(Agent, stored.agent_id)
            if await RefreshSession.use(session, stored.id) and agent and agent.disabled_at is None:
                return self._issue(session, agent, stored.family_id)
            await RefreshSession.end_family(session, stored.family_id)
        await self._ended.tell(stored.family_id)
        raise Unauthenticated("This session has ended: sign in again.")

    async def end(self, token: str | None, principal: AgentPrincipal | None) -> tuple[UUID, UUID] | None:
        """End the session behind either; an unknown one is ended already. Returns whose it was: the ids of
        tenant and agent."""
        whose = None
        if token is not None:
            async with self._database.read() as session:
                stored = await RefreshSession.find(session, token_hash(token))
            if stored is not None:
                await self._end_family(stored.tenant_id, stored.family_id)
                whose = stored.tenant_id, stored.agent_id
        if principal is not None:
            await self._end_family(principal.tenant_id, principal.session_id)
            whose = principal.tenant_id, principal.id
        return whose

    async def _end_family(self, tenant_id: UUID, family_id: UUID) -> None:
        async with self._database.transaction(tenant_id) as session:
            await RefreshSession.end_family(session, family_id)
        await self._ended.tell(family_id)

    async def _find(self, tenant_key: str, email: str) -> Agent | None:
        async with self._database.read() as session:
            tenant = await Tenant.find(session, tenant_key)
        # An unknown tenant's agents are looked for all the same: it must not be told by the time it takes.
        async with self._database.read(tenant.id if tenant else new_id()) as session:
            return await Agent.with_email(session, email)

    async def _count_attempt(self, account: str, peer: str) -> None:
        async with self._database.transaction() as session:
            locked_seconds = await LoginFailure.locked_seconds(session, peer)
            if not locked_seconds:
                locked_seconds = await LoginFailure.count(
                    session,
                    account,
                    free=ACCOUNT_FREE_ATTEMPTS,
                    lock_seconds=ACCOUNT_LOCK_SECONDS,
                    lock_max_seconds=LOCK_MAX_SECONDS,
                )
        if locked_seconds:
            raise TooMany("Too many attempts; wait.", retry_after_seconds=round(locked_seconds + 0.5))

    async def _count_failure(self, peer: str) -> None:
        async with self._database.transaction() as session:
            await LoginFailure.count(
                session,
                peer,
                free=PEER_FREE_FAILURES,
                lock_seconds=PEER_LOCK_SECONDS,
                lock_max_seconds=LOCK_MAX_SECONDS,
            )

    def _issue(self, session: AsyncSession, agent: Agent, family_id: UUID) -> SignedIn:
        now, refresh_token = self._clock.now(), new_token()
        session.add(
            RefreshSession(
                tenant_id=agent.tenant_id,
                family_id=family_id,
                agent_id=agent.id,
                token_hash=token_hash(refresh_token),
                expires_at=now + timedelta(seconds=REFRESH_SECONDS),
            )
        )
        return SignedIn(self._tokens.issue(principal_of(agent, family_id, now)), refresh_token)


async def forget_old_failures(database: Database, clock: Clock) -> None:
    """Until cancelled: a failure counts for 15 minutes, its row goes after a day."""
    while True:
        try:
            async with database.transaction() as session:
                await LoginFailure.forget_old(session, FAILURES_KEPT)
        except OUTAGES as error:
            log.warning("old sign-in failures not forgotten", error=repr(error)[:200])
        await clock.sleep(TIDY_SECONDS)


def principal_of(agent: Agent, session_id: UUID, now: datetime) -> AgentPrincipal:
    return AgentPrincipal(
        tenant_id=agent.tenant_id,
        id=agent.id,
        email=agent.email,
        name=agent.name,
        roles=tuple(agent.roles),
        session_id=session_id,
        expires_at=now + timedelta(seconds=ACCESS_SECONDS),
    )


def _subject(*parts: str) -> str:
    """Of fixed length, whatever was typed."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
