"""Agents (CSRs, supervisors, administrators), their devices and the lease behind their presence."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import new_id
from app.driver import ask
from app.errors import NotFound
from models.base import Base, Identified, Json, TenantRow, among, one_of


class Presence(StrEnum):
    OFFLINE = "offline"
    AVAILABLE = "available"
    BREAK = "break"
    NOT_RESPONDING = "not_responding"


class Agent(Identified, Base):
    """A person who signs in. `presence` is what counts now, `chosen_presence` what they chose last
    (restored when they are back within five minutes). `signed_in` follows the lease. `units_held` counts
    the units of live offers and legs, `units_excess` what interrupts, forced work and a lowered maximum
    leave over. `shift` is the key of the calendar by which they are on shift; None: always."""

    __tablename__ = "agent"
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(default=lambda: ["agent"])
    teams: Mapped[list[str]] = mapped_column(default=list)
    channels: Mapped[list[str]] = mapped_column(default=list)
    skills: Mapped[Json] = mapped_column(default=dict)
    channel_max: Mapped[Json] = mapped_column(default=dict)
    shift: Mapped[str | None]
    units_max: Mapped[int] = mapped_column(default=100)
    units_held: Mapped[int] = mapped_column(default=0)
    units_excess: Mapped[int] = mapped_column(default=0)
    presence: Mapped[Presence] = mapped_column(default=Presence.OFFLINE)
    presence_reason: Mapped[str | None]
    presence_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    chosen_presence: Mapped[str | None]
    chosen_reason: Mapped[str | None]
    signed_in: Mapped[bool] = mapped_column(default=False)
    lease_lost_at: Mapped[datetime | None]
    idle_since: Mapped[datetime | None]
    last_accepted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("tenant_id", "email"),
        one_of("presence", Presence),
        CheckConstraint("units_held - units_excess <= units_max", name="within_capacity"),
        CheckConstraint("units_held >= 0 AND units_excess >= 0", name="units_not_negative"),
    )

    @classmethod
    async def with_email(cls, session: AsyncSession, email: str) -> Self | None:
        """However its letters were typed."""
        return await session.scalar(select(cls).where(func.lower(cls.email) == email.lower()))

    @classmethod
    async def named(cls, session: AsyncSession, key: str) -> Self:
        """By id or by key (the e-mail). Raises NotFound."""
        try:
            found = await session.get(cls, UUID(key))
        except ValueError:
            found = await cls.with_email(session, key)
        if found is None:
            raise NotFound("There is no such agent.")
        return found

    @classmethod
    async def names(cls, session: AsyncSession, agent_ids: Collection[UUID]) -> dict[UUID, str]:
        rows = await session.execute(select(cls.id, cls.name).where(among(cls.id, agent_ids)))
        return {row.id: row.name for row in rows}

    @classmethod
    async def leave_hot_desk(cls, session: AsyncSession, agent_id: UUID) -> None:
        """The phones that the agent took for this working day are theirs no more; their own ring again."""
        taken = (Device.agent_id == agent_id, Device.hot_desk)
        await session.execute(delete(Device).where(*taken, Device.own_address.is_(None)))
        own = {"address": Device.own_address, "own_address": None, "hot_desk": False, "registered": None}
        await session.execute(update(Device).where(*taken).values(**own))

    @classmethod
    async def teams_signed_in(cls, session: AsyncSession, tenant_id: UUID) -> set[str]:
        """The teams of which somebody is signed in, on a break or not. Who is offline is not, though their
        desktop is open."""
        return {team for (team,) in await ask(session, _TEAMS_SIGNED_IN, tenant_id)}


_TEAMS_SIGNED_IN = f"""
    SELECT DISTINCT unnest(teams) FROM agent
    WHERE tenant_id = $1 AND presence <> '{Presence.OFFLINE}' AND disabled_at IS NULL
    """  # noqa: S608 - our own names


class Device(Identified, Base):
    """A phone that rings for an agent. `hot_desk`: set by the agent, dropped at sign-out; `own_address` is
    then the phone that the set-up gives them. `registered`: what the platform says (None: it does not tell).
    `in_foreign_call`: in a call that we did not route."""

    __tablename__ = "device"
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    address: Mapped[str]
    own_address: Mapped[str | None]
    confirm_key: Mapped[bool] = mapped_column(default=False)
    hot_desk: Mapped[bool] = mapped_column(default=False)
    registered: Mapped[bool | None]
    in_foreign_call: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (UniqueConstraint("tenant_id", "agent_id", "endpoint_id"),)

    @classmethod
    async def at_endpoint(cls, session: AsyncSession, agent_id: UUID, endpoint_id: UUID) -> Self | None:
        return await session.scalar(
            select(cls).where(cls.agent_id == agent_id, cls.endpoint_id == endpoint_id)
        )

    @classmethod
    async def of_agent(cls, session: AsyncSession, agent_id: UUID) -> Sequence[Self]:
        return (await session.scalars(select(cls).where(cls.agent_id == agent_id).order_by(cls.id))).all()


class AgentLease(TenantRow, Base):
    """One desktop connection that holds its agent's lease. `gone_at`: its socket closed, the grace runs to
    `expires_at`. Infrastructure: no row-level security."""

    __tablename__ = "agent_lease"
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID]
    process_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "tenant_id", "agent_id"), Index(None, "expires_at"))

    @classmethod
    async def add(
        cls, session: AsyncSession, tenant_id: UUID, agent_id: UUID, ids: tuple[UUID, UUID], seconds: float
    ) -> None:
        """A socket opened: `ids` are the connection's and the api process's. The caller holds the agent's
        lock."""
        row = {"t": tenant_id, "a": agent_id, "c": ids[0], "p": ids[1], "s": seconds}
        await session.execute(_ADD_LEASE, row)

    @classmethod
    async def lend(cls, session: AsyncSession, tenant_id: UUID, agent_id: UUID, seconds: float) -> None:
        """A presence was chosen without a socket: unless there is a lease, one that ends after `seconds`. The
        caller holds the agent's lock."""
        row = {"t": tenant_id, "a": agent_id, "c": new_id(), "s": seconds}
        await session.execute(_LEND_LEASE, row)

    @classmethod
    async def renew(cls, session: AsyncSession, seconds: Mapping[UUID, float]) -> set[UUID]:
        """Extend each connection's lease to so many seconds from now. Returns those that still had one."""
        given = {"ids": list(seconds), "seconds": list(seconds.values())}
        return set((await session.execute(_RENEW_LEASES, given)).scalars())

    @classmethod
    async def let_go(cls, session: AsyncSession, connection_id: UUID, grace_seconds: float) -> None:
        """The socket is gone: what is left is the grace."""
        grace = func.clock_timestamp() + timedelta(seconds=grace_seconds)
        gone = update(cls).where(cls.connection_id == connection_id)
        await session.execute(gone.values(gone_at=func.clock_timestamp(), expires_at=grace))

    @classmethod
    async def has_socket(cls, session: AsyncSession, agent_id: UUID) -> bool:
        """Whether a socket of this agent is open at any process."""
        query = select(func.count()).where(
            cls.agent_id == agent_id, cls.gone_at.is_(None), cls.expires_at > func.clock_timestamp()
        )
        return bool(await session.scalar(query))

    @classmethod
    async def end_expired(cls, session: AsyncSession, agent_ids: Collection[UUID]) -> set[UUID]:
        """Delete what has expired; returns the agents that are left without any lease. Deleting first makes a
        renewal at the same time find nothing, so that its process signs the agent in anew."""
        expired = cls.agent_id.in_(agent_ids) & (cls.expires_at <= func.clock_timestamp())
        await session.execute(delete(cls).where(expired))
        held = await session.scalars(select(cls.agent_id).where(cls.agent_id.in_(agent_ids)))
        return set(agent_ids) - set(held)


_ADD_LEASE = text(
    """
    INSERT INTO agent_lease (tenant_id, agent_id, connection_id, process_id, expires_at)
    VALUES (:t, :a, :c, :p, clock_timestamp() + make_interval(secs => :s))
    ON CONFLICT (connection_id) DO UPDATE SET expires_at = excluded.expires_at, gone_at = NULL
    """
)
_LEND_LEASE = text(
    """
    INSERT INTO agent_lease (tenant_id, agent_id, connection_id, process_id, expires_at, gone_at)
    SELECT CAST(:t AS uuid), CAST(:a AS uuid), :c, :c, clock_timestamp() + make_interval(secs => :s),
           clock_timestamp()
    WHERE NOT EXISTS (SELECT FROM agent_lease WHERE tenant_id = :t AND agent_id = :a)
    """
)
_RENEW_LEASES = text(
    """
    UPDATE agent_lease AS l
    SET expires_at = greatest(l.expires_at, clock_timestamp() + make_interval(secs => heard.seconds))
    FROM unnest(CAST(:ids AS uuid[]), CAST(:seconds AS float8[])) AS heard (id, seconds)
    WHERE l.connection_id = heard.id AND l.gone_at IS NULL
    RETURNING l.connection_id
    """
)
