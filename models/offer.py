"""Offers of an interaction to an agent, and the routing decision behind each."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import id_at
from models.base import PRUNED_AT_ONCE, Base, Identified, Json, one_of


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MISSED = "missed"
    REVOKED = "revoked"


class Offer(Identified, Base):
    """`cause` names why it was revoked (API §3), `reason` what the agent gave when declining. `waited_us` is
    `waited_here` when it was made. `auto_accept`: it is accepted for the agent as soon as their desktop shows
    it."""

    __tablename__ = "offer"
    interaction_id: Mapped[UUID] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    leg_id: Mapped[UUID] = mapped_column(ForeignKey("leg.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id"))
    queue: Mapped[str]
    channel: Mapped[str]
    tier: Mapped[str]
    state: Mapped[OfferState] = mapped_column(default=OfferState.OPEN)
    cause: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deadline_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    waited_us: Mapped[int] = mapped_column(BigInteger, default=0)
    auto_accept: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        one_of("state", OfferState),
        Index("uq_offer_open", "interaction_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_offer_agent_open", "agent_id", postgresql_where=text("state = 'open'")),
        Index("ix_offer_tenant_created", "tenant_id", "created_at"),
    )

    @classmethod
    async def ringing_at(cls, session: AsyncSession, agent_id: UUID) -> list[UUID]:
        """The interactions that are offered to this agent now."""
        query = select(cls.interaction_id).where(cls.agent_id == agent_id, cls.state == OfferState.OPEN)
        return list((await session.scalars(query)).all())

    @classmethod
    async def made_to(cls, session: AsyncSession, offer_id: UUID, agent_id: UUID) -> UUID | None:
        """The interaction of this agent's offer. No entity is loaded: it would be older than the lock."""
        query = select(cls.interaction_id).where(cls.id == offer_id, cls.agent_id == agent_id)
        found: UUID | None = await session.scalar(query)
        return found

    @classmethod
    async def fresh(cls, session: AsyncSession, offer_id: UUID) -> Self:
        return await session.get_one(cls, offer_id, populate_existing=True)

    @classmethod
    async def mark_shown(cls, session: AsyncSession, agents: Mapping[UUID, UUID]) -> list[UUID]:
        """The desktops of these agents show these offers (agent by offer); once is enough. Returns those that
        are to be accepted for their agents now."""
        rows = await session.execute(_SHOWN, {"offers": list(agents), "agents": list(agents.values())})
        return [row.id for row in rows if row.auto_accept]


# Locked in order of their ids, as desks do.
_SHOWN = text(
    """
    UPDATE offer SET shown_at = coalesce(shown_at, clock_timestamp()) WHERE id IN (
      SELECT o.id FROM offer o
      JOIN unnest(CAST(:offers AS uuid[]), CAST(:agents AS uuid[])) AS r (offer_id, agent_id)
        ON o.id = r.offer_id AND o.agent_id = r.agent_id
      WHERE o.shown_at IS NULL OR (o.auto_accept AND o.state = 'open') ORDER BY o.id FOR UPDATE OF o)
    RETURNING id, auto_accept AND state = 'open' AS auto_accept
    """
)


class Decision(Identified, Base):
    """Why this agent: the winner, five runners-up, the other agents grouped by the first reason against."""

    __tablename__ = "decision"
    offer_id: Mapped[UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), unique=True)
    interaction_id: Mapped[UUID]
    policy_version: Mapped[int]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    document: Mapped[Json]
    __table_args__ = (Index("ix_decision_interaction_id", "interaction_id"),)

    @classmethod
    async def prune(cls, session: AsyncSession, tenant_id: UUID, kept: timedelta) -> int:
        """Delete what the tenant decided longer ago than that, not too much at once; how many went."""
        now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        old = select(cls.id).where(cls.tenant_id == tenant_id, cls.id < id_at(now - kept)).order_by(cls.id)
        chosen = delete(cls).where(cls.id.in_(old.limit(PRUNED_AT_ONCE)))
        return len((await session.execute(chosen.returning(cls.id))).all())

    @classmethod
    async def latest_of(cls, session: AsyncSession, interaction_id: UUID) -> Self | None:
        query = select(cls).where(cls.interaction_id == interaction_id)
        return await session.scalar(query.order_by(cls.decided_at.desc()).limit(1))
