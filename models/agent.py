"""Agents (CSRs, supervisors, administrators), their devices and the lease behind their presence."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Json, TenantRow, one_of


class Presence(StrEnum):
    OFFLINE = "offline"
    AVAILABLE = "available"
    BREAK = "break"
    NOT_RESPONDING = "not_responding"


class Agent(Identified, Base):
    """A person who signs in. `presence` is what counts now, `chosen_presence` what they chose last
    (restored when
    they are back within five minutes). `signed_in` follows the lease. `units_held` counts the units of live
    offers and legs, `units_excess` what interrupts, forced work and a lowered maximum leave over."""

    __tablename__ = "agent"
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(default=lambda: ["agent"])
    teams: Mapped[list[str]] = mapped_column(default=list)
    channels: Mapped[list[str]] = mapped_column(default=list)
    skills: Mapped[Json] = mapped_column(default=dict)
    channel_max: Mapped[Json] = mapped_column(default=dict)
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


class Device(Identified, Base):
    """A phone that rings for an agent. `hot_desk`: set by the agent, dropped at sign-out. `registered`:
    what the
    platform says (None: it does not tell). `in_foreign_call`: in a call that we did not route."""

    __tablename__ = "device"
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("endpoint.id", ondelete="CASCADE"))
    address: Mapped[str]
    confirm_key: Mapped[bool] = mapped_column(default=False)
    hot_desk: Mapped[bool] = mapped_column(default=False)
    registered: Mapped[bool | None]
    in_foreign_call: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (UniqueConstraint("tenant_id", "agent_id", "endpoint_id"),)


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
