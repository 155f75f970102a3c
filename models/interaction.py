"""An interaction: one contact of a customer from arrival to close, transfers included, under one id."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import rfc3339
from app.driver import ask
from models.base import Base, Identified, Json, among, one_of


class State(StrEnum):
    SELF_SERVICE = "self_service"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTING = "connecting"
    ACTIVE = "active"
    WRAP_UP = "wrap_up"
    PARKED = "parked"
    CALLBACK_WAITING = "callback_waiting"
    CLOSED = "closed"
    ABANDONED = "abandoned"


FINAL = frozenset({State.CLOSED, State.ABANDONED})

WAITING = frozenset({State.QUEUED, State.OFFERED, State.CONNECTING, State.CALLBACK_WAITING})
"""The states in which the age runs (SEMANTICS §1.4)."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.SELF_SERVICE: frozenset({State.QUEUED, State.CLOSED}),
    State.SCHEDULED: frozenset({State.QUEUED, State.CLOSED}),
    State.QUEUED: frozenset(
        {State.OFFERED, State.CONNECTING, State.ACTIVE, State.ABANDONED, State.CALLBACK_WAITING, State.CLOSED}
    ),
    State.OFFERED: frozenset({State.QUEUED, State.CONNECTING, State.ACTIVE, State.ABANDONED, State.CLOSED}),
    State.CONNECTING: frozenset({State.QUEUED, State.ACTIVE, State.ABANDONED, State.CLOSED}),
    State.ACTIVE: frozenset({State.WRAP_UP, State.QUEUED, State.PARKED, State.CLOSED}),
    State.WRAP_UP: frozenset({State.CLOSED}),
    State.PARKED: frozenset({State.QUEUED, State.ACTIVE, State.CLOSED}),
    State.CALLBACK_WAITING: frozenset({State.QUEUED, State.CLOSED}),
    State.CLOSED: frozenset(),
    State.ABANDONED: frozenset(),
}
"""The one transition table (SEMANTICS §1.1); CHECK constraint, trigger and docs come from it."""


class Interaction(Identified, Base):
    """`waiting_since` is set while the age runs (queued, offered, connecting, callback_waiting): the age is
    `age_us` + now - `waiting_since`. `queue_entered_at` starts `waited_here`. `relevant_version` is the
    version of the last change that makes an agent's reply stale. `picked_customer_id` was set by an agent
    for this interaction alone and goes before the address's links. `conversation` is the channel's own
    thread id. `due_at`: until when a task was promised. `last_agent_id` had this interaction last,
    `recent_agent_id` served its customer before; `account_team`: agents in the order of preference.
    `callback_to` is the number to be dialled, until the customer is on the line: not before `callback_at`,
    only until `callback_until` then; `callback_attempts` were in vain. `reply_until`: the end of the
    messenger's reply window (None: it has none), in which `replies_left` (None: any number) may be sent;
    overdue from `reply_due_at` on."""

    __tablename__ = "interaction"
    channel: Mapped[str]
    direction: Mapped[str] = mapped_column(default="inbound")
    endpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey("endpoint.id"))
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"))
    picked_customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id", ondelete="SET NULL"))
    queue: Mapped[str]
    state: Mapped[State]
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    relevant_version: Mapped[int] = mapped_column(BigInteger, default=1)
    conversation: Mapped[str | None]
    outside: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    subject: Mapped[str | None]
    preview: Mapped[str | None]
    tier: Mapped[str]
    boost_seconds: Mapped[int] = mapped_column(default=0)
    requirement: Mapped[str | None]
    policy_version: Mapped[int]
    preferred_agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    last_agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    account_team: Mapped[list[UUID]] = mapped_column(default=list)
    recent_agent_id: Mapped[UUID | None]
    entry_kind: Mapped[str] = mapped_column(default="new")
    age_us: Mapped[int] = mapped_column(BigInteger, default=0)
    waiting_since: Mapped[datetime | None]
    queue_entered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    first_queued_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str | None]
    ended_by: Mapped[str | None]
    customer_gone_at: Mapped[datetime | None]
    last_customer_touch_at: Mapped[datetime | None]
    last_touch_at: Mapped[datetime | None]
    silence_warned_at: Mapped[datetime | None]
    parked_until: Mapped[datetime | None]
    parked_for: Mapped[str | None]
    due_at: Mapped[datetime | None]
    reply_until: Mapped[datetime | None]
    replies_left: Mapped[int | None]
    reply_due_at: Mapped[datetime | None]
    callback_to: Mapped[str | None]
    callback_at: Mapped[datetime | None]
    callback_until: Mapped[datetime | None]
    callback_attempts: Mapped[int] = mapped_column(default=0)
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("interaction.id", ondelete="SET NULL"))
    disposition: Mapped[str | None]
    pending_command: Mapped[str | None]
    pending_command_id: Mapped[UUID | None]
    pending_until: Mapped[datetime | None]
    cool_downs: Mapped[Json] = mapped_column(default=dict)
    thread: Mapped[Json] = mapped_column(default=dict)
    __table_args__ = (
        one_of("state", State),
        one_of("direction", ("inbound", "outbound")),
        Index(
            "ix_interaction_live",
            "tenant_id",
            "state",
            "queue",
            postgresql_where=text("state NOT IN ('closed', 'abandoned')"),
        ),
        Index("ix_interaction_address_id", "tenant_id", "address_id", "created_at"),
        Index("ix_interaction_customer_id", "tenant_id", "customer_id", "created_at"),
        Index(
            "ix_interaction_picked",
            "tenant_id",
            "picked_customer_id",
            postgresql_where=text("picked_customer_id IS NOT NULL"),
        ),
        Index(
            "uq_interaction_open_conversation",
            "tenant_id",
            "endpoint_id",
            "conversation",
            unique=True,
            # In wrap-up the contact is over: the conversation's next message opens what follows.
            postgresql_where=text(
                "conversation IS NOT NULL AND state NOT IN ('wrap_up', 'closed', 'abandoned')"
            ),
        ),
        Index("ix_interaction_conversation", "tenant_id", "endpoint_id", "conversation", "created_at"),
        Index(
            "ix_interaction_picked_address",
            "tenant_id",
            "address_id",
            postgresql_where=text("picked_customer_id IS NOT NULL"),
        ),
        Index(
            "ix_interaction_callback",
            "tenant_id",
            "callback_to",
            postgresql_where=text("callback_to IS NOT NULL AND state NOT IN ('closed', 'abandoned')"),
        ),
        Index("ix_interaction_parked_until", "parked_until", postgresql_where=text("state = 'parked'")),
        Index(
            "ix_interaction_customer_gone_at",
            "customer_gone_at",
            postgresql_where=text("state IN ('queued', 'offered')"),
        ),
        Index(
            "ix_interaction_pending_until",
            "pending_until",
            postgresql_where=text("pending_until IS NOT NULL"),
        ),
    )

    @classmethod
    async def latest(
        cls, session: AsyncSession, conversations: Collection[tuple[UUID, str]]
    ) -> dict[tuple[UUID, str], "Latest"]:
        """The last interaction of each (endpoint, conversation)."""
        if not conversations:
            return {}
        ordered = sorted(conversations)
        rows = await session.execute(
            _LATEST,
            {"endpoints": [endpoint for endpoint, _ in ordered], "conversations": [c for _, c in ordered]},
        )
        return {(row[0], row[1]): Latest(*row[2:]) for row in rows}

    @classmethod
    async def live_in(cls, session: AsyncSession, queues: Collection[str]) -> dict[str, int]:
        """How many that are not over are in each of these queues, empty ones left out."""
        if not queues:
            return {}
        live = select(cls.queue, func.count()).where(cls.queue.in_(queues), cls.state.not_in(FINAL))
        return {row[0]: row[1] for row in await session.execute(live.group_by(cls.queue))}

    @classmethod
    async def count_waiting(
        cls, session: AsyncSession, tenant_id: UUID, queues: Collection[str]
    ) -> list[tuple[str, str, int]]:
        """(queue, channel, number) of what waits in these queues. Until the transaction ends nobody else can
        count them: two who come at once do not both get the last place."""
        await ask(session, "SELECT pg_advisory_xact_lock(hashtext($1))", f"full {tenant_id}")
        rows = await ask(session, _COUNT_WAITING, tenant_id, list(queues))
        return [(queue, channel, number) for queue, channel, number in rows]

    @classmethod
    async def conversations(
        cls, session: AsyncSession, ids: Collection[UUID]
    ) -> dict[UUID, tuple[UUID, str]]:
        """(endpoint, conversation) of each of these that has a conversation."""
        if not ids:
            return {}
        rows = await session.execute(
            select(cls.id, cls.endpoint_id, cls.conversation).where(among(cls.id, ids))
        )
        return {
            id_: (endpoint, conversation)
            for id_, endpoint, conversation in rows
            if endpoint is not None and conversation is not None
        }

    @classmethod
    async def open_of_customer(cls, session: AsyncSession, customer_id: UUID) -> list[dict[str, Any]]:
        """What of this customer is not over, newest first, as a screen pop shows it."""
        theirs = func.coalesce(cls.picked_customer_id, cls.customer_id) == customer_id
        near = or_(cls.customer_id == customer_id, cls.picked_customer_id == customer_id)
        rows = await session.scalars(
            select(cls).where(near, theirs, cls.state.not_in(FINAL)).order_by(cls.id.desc()).limit(20)
        )
        return [
            {
                "id": str(x.id),
                "channel": x.channel,
                "state": str(x.state),
                "queue": x.queue,
                "subject": x.subject,
                "preview": x.preview,
                "created_at": rfc3339(x.created_at),
            }
            for x in rows
        ]

    @classmethod
    async def waiting_of_customer(cls, session: AsyncSession, customer_id: UUID) -> list[UUID]:
        """What of this customer waits."""
        theirs = func.coalesce(cls.picked_customer_id, cls.customer_id) == customer_id
        near = or_(cls.customer_id == customer_id, cls.picked_customer_id == customer_id)
        waits = cls.state.in_(
            (State.QUEUED, State.OFFERED, State.CONNECTING, State.CALLBACK_WAITING, State.SCHEDULED)
        )
        return list(await session.scalars(select(cls.id).where(near, theirs, waits)))

    @classmethod
    async def callbacks_of(
        cls, session: AsyncSession, numbers: Collection[str], address_ids: Collection[UUID]
    ) -> list["Promised"]:
        """The callbacks to one of these numbers, or to who has one of these addresses, oldest first."""
        if not numbers:
            return []
        rows = await ask(session, _CALLBACKS, list(numbers), list(address_ids))
        return [Promised(id_, address_id, number) for id_, address_id, number in rows]


def _listed(states: Iterable[State]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


_COUNT_WAITING = f"""
    SELECT queue, channel, count(*) FROM interaction
    WHERE tenant_id = $1 AND queue = ANY($2) AND state IN ({_listed(WAITING)}) GROUP BY queue, channel
    """  # noqa: S608 - our own names

_CALLBACKS = f"""
    SELECT id, address_id, callback_to FROM interaction
    WHERE callback_to IS NOT NULL AND state NOT IN ({_listed(FINAL)})
      AND (callback_to = ANY($1) OR address_id = ANY($2))
    ORDER BY created_at, id
    """  # noqa: S608 - our own names


class Promised(NamedTuple):
    """A callback that waits, with the address it was asked from and the number it goes to."""

    id: UUID
    address_id: UUID | None
    number: str


class Latest(NamedTuple):
    """What decides whether a new touch continues this interaction, or follows it."""

    id: UUID
    state: str
    queue: str
    ended_at: datetime | None
    last_agent_id: UUID | None


_LATEST = text(
    """
    SELECT w.endpoint_id, w.conversation, i.id, i.state, i.queue, i.ended_at, i.last_agent_id
    FROM unnest(CAST(:endpoints AS uuid[]), CAST(:conversations AS text[])) AS w (endpoint_id, conversation)
    CROSS JOIN LATERAL (
      SELECT * FROM interaction x WHERE x.endpoint_id = w.endpoint_id AND x.conversation = w.conversation
      ORDER BY x.created_at DESC, x.id DESC LIMIT 1) i
    """
)
