"""How long each agent was what: the history of presence, from which occupancy is computed."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import ForeignKey, Index, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.agent import Agent, Presence
from models.base import Base, Identified


class PresenceSpan(Identified, Base):
    """One stretch of one presence, half-open; `ended_at` None: it lasts. `offline` has no stretches."""

    __tablename__ = "presence_span"
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    presence: Mapped[str]
    reason: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_presence_span_open",
            "tenant_id",
            "agent_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_presence_span_ended", "tenant_id", "ended_at"),
    )

    @classmethod
    async def turn(cls, session: AsyncSession, agents: Collection[Agent]) -> None:
        """The presence of these agents has changed at their `presence_at`. The caller holds their locks."""
        ids = [agent.id for agent in agents]
        lasting = update(cls).where(cls.ended_at.is_(None), cls.agent_id == Agent.id, Agent.id.in_(ids))
        await session.execute(
            lasting.values(ended_at=Agent.presence_at), execution_options={"synchronize_session": False}
        )
        session.add_all(_begun(agents))

    @classmethod
    async def within(
        cls, session: AsyncSession, agent_ids: Collection[UUID], start: datetime, end: datetime
    ) -> list[Self]:
        """Those of these agents that touch the interval."""
        touches = (cls.started_at < end, or_(cls.ended_at.is_(None), cls.ended_at > start))
        return list(await session.scalars(select(cls).where(cls.agent_id.in_(agent_ids), *touches)))


def _begun(agents: Iterable[Agent]) -> list[PresenceSpan]:
    return [
        PresenceSpan(
            tenant_id=agent.tenant_id,
            agent_id=agent.id,
            presence=Presence(agent.presence).value,
            reason=agent.presence_reason,
            started_at=agent.presence_at,
        )
        for agent in agents
        if agent.presence != Presence.OFFLINE
    ]
