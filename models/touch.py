"""Touches: what stands on the timeline, with the state of their delivery; and their attachments."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Select,
    func,
    select,
    tuple_,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import new_id, rfc3339
from app.events import Address
from models.base import Base, Json, TenantRow, among, one_of
from models.bulk import insert_records

DELIVERY_STATES = ("pending", "sending", "sent", "delivered", "read", "failed")
"""In this order: a delivery state never goes back, per hop."""


class Touch(TenantRow, Base):
    """`at` is when it happened (the channel's time), `id` (UUIDv7) sorts by arrival. `author`: {type:
    customer|agent| system, id, name}. `delivery_hops`: [{hop, state, at, reason}]. `search` is the
    tokenised text. `interaction_version`: the version of the interaction that brought it; who saw a lower
    one missed it. `sealed_numbers`: the identity numbers that are masked in it (`app.hiding.rules`)."""

    __tablename__ = "touch"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    interaction_id: Mapped[UUID | None] = mapped_column(ForeignKey("interaction.id", ondelete="CASCADE"))
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id"))
    endpoint_id: Mapped[UUID | None]
    at: Mapped[datetime]
    direction: Mapped[str]
    kind: Mapped[str]
    channel: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    html: Mapped[str | None]
    payload: Mapped[Json] = mapped_column(default=dict)
    attachments: Mapped[list[Any]] = mapped_column(default=list)
    author: Mapped[Json] = mapped_column(default=dict)
    delivery_state: Mapped[str | None]
    delivery_hops: Mapped[list[Any]] = mapped_column(default=list)
    provider_id: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    interaction_version: Mapped[int | None] = mapped_column(BigInteger)
    search: Mapped[str | None] = mapped_column(TSVECTOR)
    sealed_numbers: Mapped[list[str] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        one_of("direction", ("inbound", "outbound", "internal")),
        one_of("kind", ("message", "call", "form", "note", "survey", "order", "system")),
        Index("ix_touch_address_at", "tenant_id", "address_id", "at", "id"),
        Index("ix_touch_interaction_at", "tenant_id", "interaction_id", "at", "id"),
        Index(
            "ix_touch_provider_id",
            "tenant_id",
            "endpoint_id",
            "provider_id",
            postgresql_where=sql("provider_id IS NOT NULL"),
        ),
        Index(
            "ix_touch_inbound",
            "tenant_id",
            "endpoint_id",
            "at",
            postgresql_where=sql("direction = 'inbound'"),
        ),
        Index("ix_touch_search", "search", postgresql_using="gin"),
    )

    @property
    def quotes(self) -> UUID | None:
        """The touch that it shows as the one it answers."""
        quoted = self.payload.get("quotes")
        return None if quoted is None else UUID(quoted)

    @classmethod
    def insert_all(cls, session: AsyncSession, touches: Sequence[Self]) -> None:
        """When the transaction ends. `touches` are not in the session; `search` holds the words to be found
        by."""
        insert_records(session, cls.__tablename__, _INSERT, [_row(touch) for touch in touches])

    @classmethod
    async def by_provider_id(
        cls, session: AsyncSession, provider_ids: Collection[tuple[UUID, str]]
    ) -> dict[tuple[UUID, str], "Touch"]:
        """What we sent, by (endpoint, provider's id), locked."""
        if not provider_ids:
            return {}
        named = tuple_(cls.endpoint_id, cls.provider_id).in_(sorted(provider_ids))
        query = select(Touch).where(named, cls.direction == "outbound")
        found = await _locked(session, query)
        return {(touch.endpoint_id, touch.provider_id or ""): touch for touch in found if touch.endpoint_id}

    @classmethod
    async def known(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, "Touch"]:
        """As they are now, not locked."""
        if not ids:
            return {}
        found = await session.scalars(select(Touch).where(among(cls.id, ids)))
        return {touch.id: touch for touch in found}

    @classmethod
    async def mails_named(
        cls, session: AsyncSession, endpoint_ids: Collection[UUID], message_ids: Collection[str]
    ) -> dict[str, tuple[UUID, UUID]]:
        """(interaction, address) of the mails with these Message-IDs that came to these mailboxes."""
        if not message_ids:
            return {}
        query = select(cls.provider_id, cls.interaction_id, cls.address_id).where(
            cls.endpoint_id.in_(endpoint_ids), cls.provider_id.in_(message_ids), cls.direction == "inbound"
        )
        rows = await session.execute(query)
        return {str(name): (x, address) for name, x, address in rows if x is not None and address is not None}

    @classmethod
    async def locked(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, "Touch"]:
        if not ids:
            return {}
        return {touch.id: touch for touch in await _locked(session, select(Touch).where(among(cls.id, ids)))}

    @classmethod
    async def on_their_way(
        cls, session: AsyncSession, conversations: Collection[tuple[UUID, str]]
    ) -> set[tuple[UUID, str, str]]:
        """(endpoint, conversation, text) of what a sender has in hand for these, its id not known yet."""
        if not conversations:
            return set()
        names = [f"{endpoint_id}/{conversation}" for endpoint_id, conversation in sorted(conversations)]
        rows = await session.execute(_ON_THEIR_WAY, {"names": names})
        return {(endpoint_id, conversation, text) for endpoint_id, conversation, text in rows}

    @classmethod
    async def messages_since(
        cls, session: AsyncSession, address_ids: Collection[UUID], since: datetime
    ) -> Sequence["Touch"]:
        """What these addresses wrote, mails apart, locked."""
        query = select(Touch).where(among(cls.address_id, address_ids), cls.at >= since)
        told = query.where(cls.direction == "inbound", cls.kind == "message", cls.channel != "email")
        return await _locked(session, told)

    async def index_anew(self, session: AsyncSession, words: str) -> None:
        """Its text has changed: found by these words only."""
        await session.execute(_INDEX_ANEW, {"id": self.id, "words": words})

    @classmethod
    async def of_calls(cls, session: AsyncSession, interaction_ids: Collection[UUID]) -> Sequence["Touch"]:
        """The touches of these phone calls, locked."""
        return await _locked(
            session, select(Touch).where(among(cls.interaction_id, interaction_ids), cls.kind == "call")
        )

    @classmethod
    async def of_interaction(
        cls, session: AsyncSession, interaction_id: UUID, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[Self]:
        """Newest first."""
        query = select(cls).where(cls.interaction_id == interaction_id)
        if before is not None:
            query = query.where(tuple_(cls.at, cls.id) < tuple_(*before))
        return (await session.scalars(query.order_by(cls.at.desc(), cls.id.desc()).limit(limit))).all()

    @classmethod
    async def latest_inbound(cls, session: AsyncSession, interaction_id: UUID) -> Self | None:
        """The customer's newest message."""
        query = select(cls).where(
            cls.interaction_id == interaction_id, cls.direction == "inbound", cls.kind == "message"
        )
        return await session.scalar(query.order_by(cls.at.desc(), cls.id.desc()).limit(1))

    @classmethod
    async def sent_before(
        cls, session: AsyncSession, interaction_id: UUID, author_id: UUID, client_message_id: str
    ) -> Self | None:
        """The message of this author with the sender's own key. The caller holds the interaction's row."""
        query = select(cls).where(
            cls.interaction_id == interaction_id,
            cls.author["id"].astext == str(author_id),
            cls.payload["client_message_id"].astext == client_message_id,
        )
        return await session.scalar(query)

    @classmethod
    async def missed(cls, session: AsyncSession, interaction_id: UUID, seen_version: int) -> Sequence[Self]:
        """What the customer wrote since, oldest first."""
        query = select(cls).where(
            cls.interaction_id == interaction_id,
            cls.interaction_version > seen_version,
            cls.direction == "inbound",
        )
        return (await session.scalars(query.order_by(cls.at, cls.id).limit(50))).all()

    @classmethod
    async def mail_times(
        cls, session: AsyncSession, address_ids: Collection[UUID], since: datetime, limit: int
    ) -> dict[UUID, list[datetime]]:
        """When mails of either direction went between these addresses and us, newest first."""
        if not address_ids:
            return {}
        times: dict[UUID, list[datetime]] = {}
        rows = await session.execute(
            _MAIL_TIMES, {"addresses": list(address_ids), "since": since, "limit": limit}
        )
        for address_id, at in rows:
            times.setdefault(address_id, []).append(at)
        return times

    @classmethod
    async def automatic_answers(
        cls, session: AsyncSession, address_ids: Collection[UUID], since: datetime
    ) -> set[UUID]:
        """Those of the addresses that got an automatic mail from us since."""
        if not address_ids:
            return set()
        query = select(cls.address_id).where(
            among(cls.address_id, address_ids), cls.at >= since, cls.direction == "outbound"
        )
        automatic = query.where(cls.author["type"].astext == "system", cls.channel == "email")
        return {found for found in await session.scalars(automatic.distinct()) if found is not None}

    def advance(self, hop: str, state: str, at: datetime, reason: str | None = None) -> bool:
        """Where its delivery has got to on one hop; a state never goes back, whatever is told first. Returns
        whether that was new."""
        known = next((entry for entry in self.delivery_hops if entry["hop"] == hop), None)
        told = {"hop": hop, "state": state, "at": rfc3339(at), "reason": reason}
        if known is not None and not _outranks(told, known):
            return False
        others = [entry for entry in self.delivery_hops if entry["hop"] != hop]
        self.delivery_hops = sorted([*others, told], key=lambda entry: str(entry["hop"]))
        states = [self.delivery_state or "pending", *(entry["state"] for entry in self.delivery_hops)]
        self.delivery_state = max(states, key=DELIVERY_STATES.index)
        self.version += 1
        return True

    def begin_again(self, at: datetime, by: str) -> None:
        """It is sent once more: a new sending with hops of its own. The earlier one stays in the payload;
        what the platform still tells of that is about nothing now."""
        before = {"at": rfc3339(at), "by": by, "hops": self.delivery_hops}
        self.payload = {**self.payload, "sent_before": [*self.payload.get("sent_before", ()), before]}
        self.delivery_state, self.delivery_hops, self.provider_id = "pending", [], None
        self.version += 1

    def item(self, address: Address | None) -> dict[str, Any]:
        """The timeline item of the API."""
        state = self.delivery_state
        return {
            "id": str(self.id),
            "at": rfc3339(self.at),
            "direction": self.direction,
            "kind": self.kind,
            "channel": self.channel,
            "address": None if address is None else {"kind": address.kind, "value": address.value},
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "payload": self.payload,
            "attachments": self.attachments,
            "author": self.author,
            "interaction_id": None if self.interaction_id is None else str(self.interaction_id),
            "delivery": None if state is None else {"state": state, "hops": self.delivery_hops},
            "sealed_numbers": len(self.sealed_numbers or ()),
            "version": self.version,
        }


_COLUMNS: Final = (
    "tenant_id uuid, id uuid, interaction_id uuid, address_id uuid, endpoint_id uuid, at timestamptz, "
    "direction text, kind text, channel text, subject text, text text, html text, payload jsonb, "
    "attachments jsonb, author jsonb, delivery_state text, delivery_hops jsonb, provider_id text, "
    "interaction_version bigint, sealed_numbers text[]"
)
_NAMES: Final = tuple(column.split()[0] for column in _COLUMNS.split(", "))
_INSERT: Final = f"""
    INSERT INTO touch ({", ".join(_NAMES)}, version, search)
    SELECT {", ".join(_NAMES)}, 1, to_tsvector('simple', words) || to_tsvector('english', words)
    FROM jsonb_to_recordset(:rows) AS r ({_COLUMNS}, words text)
    """  # noqa: S608 - our own column names

_ON_THEIR_WAY = sql(
    """
    SELECT d.endpoint_id, d.payload ->> 'conversation', t.text
    FROM delivery d JOIN touch t ON t.tenant_id = d.tenant_id AND t.id = d.touch_id
    WHERE d.conversation = ANY(CAST(:names AS text[])) AND d.kind = 'message'
      AND d.state IN ('pending', 'claimed') AND t.provider_id IS NULL
    """
)

_INDEX_ANEW = sql(
    """
    UPDATE touch SET search = to_tsvector('simple', w.words) || to_tsvector('english', w.words)
    FROM (SELECT CAST(:words AS text) AS words) w WHERE id = :id
    """
)

_EMPTY: Final[Mapping[str, Any]] = {
    "text": "",
    "payload": {},
    "attachments": [],
    "author": {},
    "delivery_hops": [],
}

_MAIL_TIMES = sql(
    """
    SELECT a.id, t.at FROM unnest(CAST(:addresses AS uuid[])) AS a (id)
    CROSS JOIN LATERAL (SELECT at FROM touch WHERE address_id = a.id AND channel = 'email' AND at >= :since
                        ORDER BY at DESC LIMIT :limit) t
    """
)


def _row(touch: Touch) -> dict[str, Any]:
    values = {name: getattr(touch, name) for name in _NAMES}
    filled = {name: empty if values[name] is None else values[name] for name, empty in _EMPTY.items()}
    return {**values, **filled, "words": touch.search or ""}


def _outranks(new: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """A higher state; of two that tell the same one, the earlier."""
    ranks = DELIVERY_STATES.index(new["state"]), DELIVERY_STATES.index(known["state"])
    return ranks[0] > ranks[1] or (ranks[0] == ranks[1] and bool(new["at"] < known["at"]))


async def _locked(session: AsyncSession, query: Select[Touch]) -> Sequence[Touch]:
    """In one order, and read anew: what the session had may be older than the lock."""
    locked = query.order_by(Touch.id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(locked)).all()
