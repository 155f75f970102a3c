"""The outbox that senders claim from, and the keys that make a repeated inbound event a duplicate."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, delete, event, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from app.bus.outbox import Outgoing
from app.clock import id_at, new_id
from app.driver import ask
from models.base import PRUNED_AT_ONCE, ROWS, Base, Json, TenantRow, among, one_of


class DeliveryState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


class Claim(NamedTuple):
    """Of `kind` at most `limit`: of an endpoint that `rooms` names at most so many, of any other `room`."""

    kind: str
    limit: int
    lease: timedelta
    rooms: Mapping[UUID, int]
    room: int


class Settled(NamedTuple):
    """What became of one claimed attempt; `wait_seconds` until another, where there is to be one."""

    id: UUID
    attempts: int
    state: DeliveryState
    error: str | None = None
    wait_seconds: float | None = None


class Delivery(TenantRow, Base):
    """Something to send, or to fetch. `kind` message: render `touch_id`; command: `payload` is a CallCommand;
    media: `payload` {index, reference, name} is a file of `touch_id`; fetch: `payload` {hint}; mark:
    `payload` {reference, typing} shows the customer that `touch_id` was read. Done in order of id per
    `conversation`; never after `expires_at`; `provider_key` is the same at every attempt.
    Infrastructure: no row-level security."""

    __tablename__ = "delivery"
    # The api may insert here but not read: nothing comes back from the INSERT.
    __mapper_args__ = {"eager_defaults": False}
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    endpoint_id: Mapped[UUID]
    interaction_id: Mapped[UUID | None]
    touch_id: Mapped[UUID | None]
    conversation: Mapped[str]
    payload: Mapped[Json] = mapped_column(default=dict)
    provider_key: Mapped[str]
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    lease_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", DeliveryState),
        one_of("kind", ("message", "command", "media", "fetch", "mark")),
        Index(
            "ix_delivery_due",
            "kind",
            "next_attempt_at",
            postgresql_where=text("state IN ('pending', 'claimed')"),
        ),
        Index(
            "ix_delivery_order",
            "conversation",
            "id",
            postgresql_where=text("state IN ('pending', 'claimed')"),
        ),
        Index("ix_delivery_touch_id", "tenant_id", "touch_id"),
        Index("ix_delivery_fetch", "endpoint_id", "created_at", postgresql_where=text("kind = 'fetch'")),
    )

    @classmethod
    async def claim(cls, session: AsyncSession, wanted: "Claim") -> Sequence[Self]:
        """Take what is due of one kind, of each conversation only the first that is not settled. A claim
        whose lease has run out is due again."""
        values = {
            "kind": wanted.kind,
            "limit": wanted.limit,
            "lease": wanted.lease,
            "full": [endpoint_id for endpoint_id, room in wanted.rooms.items() if room <= 0],
            "endpoints": list(wanted.rooms),
            "rooms": list(wanted.rooms.values()),
            "room": wanted.room,
        }
        claimed = await session.scalars(
            select(cls).from_statement(_CLAIM.columns(*cls.__table__.columns)),
            values,
            execution_options={"populate_existing": True},
        )
        return claimed.all()

    @classmethod
    async def ask_to_fetch(cls, session: AsyncSession, rows: Sequence[Json]) -> None:
        """Fetch what platforms hold ({id, tenant_id, endpoint_id, about, hint}). One that nobody has begun
        takes the newer hint about the same thing; one under way may have missed it, so another follows."""
        if rows:
            await session.execute(_ASK_TO_FETCH, {"rows": rows})
            _wake_senders(session, "fetch")

    @classmethod
    async def fetch_again(cls, session: AsyncSession, rows: Sequence[Json]) -> None:
        """Fetch at endpoints ({id, tenant_id, endpoint_id, seconds}) where nothing was asked for so long and
        nothing is under way. Of several who do this at once one does."""
        turn = func.pg_try_advisory_xact_lock(func.hashtext("fetch again"))
        if (await session.execute(select(turn))).scalar_one():
            await session.execute(_FETCH_AGAIN, {"rows": rows})
            _wake_senders(session, "fetch")

    @classmethod
    async def prune(cls, session: AsyncSession, now: datetime, kept: timedelta) -> int:
        """Delete the oldest that are settled, of all tenants, not too many at once; how many went."""
        old = select(cls.id).where(cls.id < id_at(now - kept), cls.settled_at.is_not(None))
        chosen = delete(cls).where(cls.id.in_(old.order_by(cls.id).limit(PRUNED_AT_ONCE)))
        return len((await session.execute(chosen.returning(cls.id))).all())

    @classmethod
    async def expired(cls, session: AsyncSession, kinds: Collection[str], limit: int = 100) -> Sequence[Self]:
        """What may not be sent any more and nobody is sending now."""
        return (
            await session.scalars(select(cls).where(cls.kind.in_(kinds), *cls._over()).limit(limit))
        ).all()

    @classmethod
    async def untried(cls, session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
        """Those of them that nobody has begun to send."""
        return set(await session.scalars(select(cls.id).where(among(cls.id, ids), cls.attempts == 0)))

    @classmethod
    async def give_up(cls, session: AsyncSession, delivery_id: UUID) -> bool:
        """Settle one that has expired. False: somebody else has."""
        settled = await session.execute(
            update(cls)
            .where(cls.id == delivery_id, *cls._over())
            .values(
                state=DeliveryState.EXPIRED,
                settled_at=func.clock_timestamp(),
                lease_until=None,
                last_error=func.coalesce(cls.last_error, "expired"),
            )
            .returning(cls.id),
            execution_options={"synchronize_session": False},
        )
        return settled.first() is not None

    @classmethod
    def _over(cls) -> tuple[ColumnElement[bool], ...]:
        now = func.statement_timestamp()
        nobody_sends = (cls.state == DeliveryState.PENDING) | (cls.lease_until <= now)
        unsettled = cls.state.in_((DeliveryState.PENDING, DeliveryState.CLAIMED))
        return unsettled, cls.expires_at <= now, nobody_sends

    @classmethod
    async def clock(cls, session: AsyncSession, kinds: Collection[str]) -> tuple[datetime, float | None]:
        """The time that leases and expiries run by, and the seconds until a next attempt, the end of a lease
        or an expiry; None: nothing of these kinds waits."""
        now, due = (await session.execute(_DUE, {"kinds": list(kinds)})).one()
        return now, None if due is None else float(due)

    def inserted(self, session: AsyncSession | Session) -> None:
        _wake_senders(session, self.kind)

    @classmethod
    async def settle(cls, session: AsyncSession, results: Sequence[Settled]) -> set[UUID]:
        """Record what became of claimed attempts. Those that another sender has taken over since are not
        among the result."""
        settled = await session.execute(_SETTLE, {"rows": [result._asdict() for result in results]})
        return set(settled.scalars())


def _wake_senders(session: AsyncSession | Session, kind: str) -> None:
    """When the transaction has committed."""
    if "outbox" in session.info:
        outgoing = Outgoing.COMMANDS if kind == "command" else Outgoing.OTHERS
        session.info["outbox"].outgoing.add(outgoing)


@event.listens_for(Delivery, "after_insert")
def _inserted(_mapper: object, _connection: object, delivery: Delivery) -> None:
    if (session := object_session(delivery)) is not None:
        delivery.inserted(session)


_DUE = text(
    """
    SELECT statement_timestamp(), extract(epoch FROM min(due) - statement_timestamp()) FROM (
      (SELECT d.next_attempt_at AS due FROM delivery d WHERE d.state = 'pending' AND d.kind = ANY(:kinds)
         AND d.next_attempt_at > statement_timestamp() ORDER BY d.next_attempt_at LIMIT 1)
      UNION ALL
      (SELECT min(d.lease_until) FROM delivery d
       WHERE d.state = 'claimed' AND d.kind = ANY(:kinds))
      UNION ALL
      (SELECT min(d.expires_at) FROM delivery d WHERE d.state = 'pending' AND d.kind = 'command'
         AND d.kind = ANY(:kinds))
    ) waiting
    """
)
_CLAIM = text(
    """
    WITH due AS MATERIALIZED (
      SELECT d.id, d.endpoint_id, d.next_attempt_at FROM delivery d
      WHERE d.state IN ('pending', 'claimed') AND d.kind = :kind
        AND d.next_attempt_at <= statement_timestamp()
        AND (d.state = 'pending' OR d.lease_until <= statement_timestamp())
        AND (d.expires_at IS NULL OR d.expires_at > statement_timestamp())
        AND d.endpoint_id <> ALL(CAST(:full AS uuid[]))
        AND NOT EXISTS (SELECT FROM delivery e WHERE e.conversation = d.conversation AND e.id < d.id
                        AND e.state IN ('pending', 'claimed'))
      ORDER BY d.next_attempt_at LIMIT :limit FOR UPDATE OF d SKIP LOCKED),
    placed AS (
      SELECT due.id, coalesce(r.room, :room) AS room,
             row_number() OVER (PARTITION BY due.endpoint_id ORDER BY due.next_attempt_at, due.id) AS place
      FROM due LEFT JOIN
        unnest(CAST(:endpoints AS uuid[]), CAST(:rooms AS integer[])) AS r (endpoint_id, room)
        USING (endpoint_id))
    UPDATE delivery SET state = 'claimed', attempts = attempts + 1,
                        lease_until = clock_timestamp() + CAST(:lease AS interval)
    FROM placed WHERE delivery.id = placed.id AND placed.place <= placed.room
    RETURNING delivery.*
    """
)
_SETTLE = text(
    """
    UPDATE delivery d SET state = r.state, lease_until = NULL, last_error = r.error,
      settled_at = CASE WHEN r.state = 'pending' THEN NULL ELSE clock_timestamp() END,
      next_attempt_at = CASE WHEN r.wait_seconds IS NULL THEN d.next_attempt_at
                        ELSE clock_timestamp() + make_interval(secs => r.wait_seconds) END
    FROM jsonb_to_recordset(:rows)
      AS r (id uuid, attempts integer, state text, error text, wait_seconds double precision)
    WHERE d.id = r.id AND d.state = 'claimed' AND d.attempts = r.attempts
    RETURNING d.id
    """
).bindparams(ROWS)


_ASK_TO_FETCH = text(
    """
    WITH asked AS (
      SELECT r.id, r.tenant_id, r.endpoint_id, r.about, r.endpoint_id || '/fetch' AS conversation,
             jsonb_build_object('hint', r.hint, 'about', r.about) AS payload
      FROM jsonb_to_recordset(:rows)
        AS r (id uuid, tenant_id uuid, endpoint_id uuid, about text, hint jsonb)),
    told AS (
      UPDATE delivery d SET payload = a.payload FROM asked a
      WHERE d.conversation = a.conversation AND d.kind = 'fetch' AND d.state = 'pending'
        AND d.payload ->> 'about' = a.about
      RETURNING a.id)
    INSERT INTO delivery
      (id, tenant_id, kind, endpoint_id, conversation, payload, provider_key, state, attempts)
    SELECT id, tenant_id, 'fetch', endpoint_id, conversation, payload, id, 'pending', 0
    FROM asked WHERE id NOT IN (SELECT id FROM told)
    """
).bindparams(ROWS)


_FETCH_AGAIN = text(
    """
    INSERT INTO delivery
      (id, tenant_id, kind, endpoint_id, conversation, payload, provider_key, state, attempts)
    SELECT r.id, r.tenant_id, 'fetch', r.endpoint_id, r.endpoint_id || '/fetch', '{"hint": {}, "about": ""}',
           r.id, 'pending', 0
    FROM jsonb_to_recordset(:rows) AS r (id uuid, tenant_id uuid, endpoint_id uuid, seconds double precision)
    WHERE NOT EXISTS (
      SELECT FROM delivery d WHERE d.endpoint_id = r.endpoint_id AND d.kind = 'fetch'
        AND (d.state IN ('pending', 'claimed')
             OR d.created_at > clock_timestamp() - make_interval(secs => r.seconds)))
    """
).bindparams(ROWS)


class DeliveryKey(TenantRow, Base):
    """sha256 of (kind, provider's id, state): seen before means a duplicate. Mail: of (Message-ID, From,
    Date, body), per tenant (`scope` is the tenant) and never pruned; else `scope` is the endpoint, kept 30
    days."""

    __tablename__ = "delivery_key"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    scope: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @classmethod
    async def take(
        cls, session: AsyncSession, tenant_id: UUID, keys: Collection[tuple[UUID, str]]
    ) -> set[tuple[UUID, str]]:
        """Those of the (scope, key) pairs that nobody took before; they are taken now."""
        if not keys:
            return set()
        ordered = sorted(set(keys))  # two workers that take the same keys wait for each other in one order
        columns = [scope for scope, _ in ordered], [key for _, key in ordered]
        taken = await ask(session, _TAKE, tenant_id, *columns)
        return {(scope, key) for scope, key in taken}

    @classmethod
    async def prune(cls, session: AsyncSession, kept: timedelta) -> None:
        """Forget old ones of the session's tenant; those of mails stay for ever."""
        old = cls.created_at < func.clock_timestamp() - kept
        await session.execute(delete(cls).where(old, cls.scope != cls.tenant_id))


_TAKE = """
    INSERT INTO delivery_key (tenant_id, scope, key)
    SELECT CAST($1 AS uuid), scope, key
    FROM unnest(CAST($2 AS uuid[]), CAST($3 AS text[])) AS t (scope, key)
    ON CONFLICT DO NOTHING RETURNING scope, key
    """
