"""A leg: one agent's part in an interaction. Units hang on legs."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, any_, func, literal, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, among, one_of
from models.interaction import Interaction


class LegRole(StrEnum):
    PRIMARY = "primary"
    CONSULT = "consult"
    CONFERENCE = "conference"


class LegState(StrEnum):
    OFFERED = "offered"
    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    WRAP_UP = "wrap_up"
    ENDED = "ended"


LIVE = (LegState.OFFERED, LegState.CONNECTING, LegState.ACTIVE, LegState.HELD)

LEG_TRANSITIONS: dict[LegState, frozenset[LegState]] = {
    LegState.OFFERED: frozenset({LegState.CONNECTING, LegState.ACTIVE, LegState.ENDED}),
    LegState.CONNECTING: frozenset({LegState.ACTIVE, LegState.ENDED}),
    LegState.ACTIVE: frozenset({LegState.HELD, LegState.WRAP_UP, LegState.ENDED}),
    LegState.HELD: frozenset({LegState.ACTIVE, LegState.WRAP_UP, LegState.ENDED}),
    LegState.WRAP_UP: frozenset({LegState.ENDED}),
    LegState.ENDED: frozenset(),
}


class Leg(Identified, Base):
    """`units` are held from offer to the end of wrap-up. `queue` is where the agent got it: the interaction
    may be in another one since. `device_leg_id` is the platform's id of the agent's leg. `reassign_at`: the
    agent's lease is gone and this work waits again then. `end_cause` says how it ended. `interrupts`: the
    channels whose work in the agent's hands is held until this is wrapped up."""

    __tablename__ = "leg"
    interaction_id: Mapped[UUID] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id"))
    role: Mapped[LegRole] = mapped_column(default=LegRole.PRIMARY)
    state: Mapped[LegState]
    queue: Mapped[str]
    units: Mapped[int]
    interrupts: Mapped[list[str]] = mapped_column(default=list)
    device: Mapped[str | None]
    device_leg_id: Mapped[str | None]
    route_command_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    accepted_at: Mapped[datetime | None]
    connect_deadline_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    wrap_up_at: Mapped[datetime | None]
    wrap_up_due_at: Mapped[datetime | None]
    wrap_up_extended: Mapped[bool] = mapped_column(default=False)
    reassign_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str | None]
    disposition: Mapped[str | None]
    __table_args__ = (
        one_of("role", LegRole),
        one_of("state", LegState),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_time"),
        Index(
            "uq_leg_live_primary",
            "interaction_id",
            unique=True,
            postgresql_where=text(
                "role = 'primary' AND state IN ('offered', 'connecting', 'active', 'held')"
            ),
        ),
        Index(
            "uq_leg_live_consult",
            "interaction_id",
            unique=True,
            postgresql_where=text(
                "role IN ('consult', 'conference') AND state IN ('offered', 'connecting', 'active', 'held')"
            ),
        ),
        Index("ix_leg_interaction_id", "interaction_id"),
        Index(
            "ix_leg_interrupts",
            "agent_id",
            postgresql_where=text("interrupts <> '{}' AND state IN ('active', 'held', 'wrap_up')"),
        ),
        Index("ix_leg_held", "agent_id", postgresql_where=text("state = 'held'")),
        Index("ix_leg_connecting", "connect_deadline_at", postgresql_where=text("state = 'connecting'")),
        Index("ix_leg_agent_live", "agent_id", postgresql_where=text("state <> 'ended'")),
        Index("ix_leg_wrap_up_due", "wrap_up_due_at", postgresql_where=text("state = 'wrap_up'")),
    )

    @classmethod
    async def work_of(cls, session: AsyncSession, agent_ids: Collection[UUID]) -> list[UUID]:
        """The interactions that these agents have a part in now, offers included."""
        query = select(cls.interaction_id).where(among(cls.agent_id, agent_ids), cls.state != LegState.ENDED)
        return list((await session.scalars(query.distinct())).all())

    @classmethod
    async def pieces(cls, session: AsyncSession, agent_id: UUID, channel: str) -> int:
        """How much work of this channel the agent holds, offers and wrap-ups included."""
        query = select(func.count()).where(
            cls.agent_id == agent_id,
            cls.state != LegState.ENDED,
            cls.interaction_id == Interaction.id,
            Interaction.channel == channel,
        )
        found: int = (await session.execute(query)).scalar_one()
        return found

    @classmethod
    async def holders(cls, session: AsyncSession, interaction_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """Whose each of these interactions is now, if anybody's."""
        query = select(cls.interaction_id, cls.agent_id).where(
            among(cls.interaction_id, interaction_ids), cls.role == LegRole.PRIMARY, cls.state.in_(LIVE)
        )
        return {row.interaction_id: row.agent_id for row in await session.execute(query)}

    @classmethod
    async def units_by_channel(
        cls, session: AsyncSession, agent_ids: Collection[UUID]
    ) -> dict[tuple[UUID, str], int]:
        """What each of these agents holds of each channel."""
        if not agent_ids:
            return {}
        rows = await session.execute(
            select(cls.agent_id, Interaction.channel, func.sum(cls.units))
            .join(Interaction, Interaction.id == cls.interaction_id)
            .where(among(cls.agent_id, agent_ids), cls.state != LegState.ENDED)
            .group_by(cls.agent_id, Interaction.channel)
        )
        return {(agent_id, channel): units for agent_id, channel, units in rows}

    @classmethod
    async def is_interrupted(cls, session: AsyncSession, leg: "Leg", channel: str) -> bool:
        """Whether the agent of `leg` has something in hand, or in wrap-up, that interrupts this work: what
        was active when the call was bridged, not what they accept beside it."""
        since = leg.accepted_at if leg.state == LegState.ACTIVE else None
        query = select(cls.id).where(
            cls.agent_id == leg.agent_id,
            true() if since is None else cls.answered_at > since,
            cls.interrupts != [],
            literal(channel) == any_(cls.interrupts),
            cls.state.in_((LegState.ACTIVE, LegState.HELD, LegState.WRAP_UP)),
        )
        return await session.scalar(query.limit(1)) is not None

    @classmethod
    async def stay(cls, session: AsyncSession, agent_id: UUID) -> None:
        """The agent is back: nothing of theirs counts down any more."""
        counting = update(cls).where(cls.agent_id == agent_id, cls.reassign_at.is_not(None))
        await session.execute(counting.values(reassign_at=None))
