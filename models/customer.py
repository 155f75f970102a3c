"""Customers, and the addresses that touches hang on; dated links join the two, so a merge can be undone."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, func, select, text, update
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.clock import new_id
from app.driver import ask
from app.events import Address
from models.base import ROWS, Base, Identified, Json, among
from models.bulk import insert_records


class Customer(Identified, Base):
    """`tier` is a tier's key of the policy (None: its default tier). `search` is tokenised name and
    addresses."""

    __tablename__ = "customer"
    name: Mapped[str]
    tier: Mapped[str | None]
    segment: Mapped[str | None]
    language: Mapped[str | None]
    attributes: Mapped[Json] = mapped_column(default=dict)
    search: Mapped[str | None] = mapped_column(TSVECTOR)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        Index("ix_customer_search", "search", postgresql_using="gin"),
        Index("ix_customer_tenant_id_id", "tenant_id", "id"),
    )

    @classmethod
    def insert_all(cls, session: AsyncSession, rows: Sequence["NewCustomer"]) -> None:
        """Of the session's tenant, when the transaction ends."""
        insert_records(session, cls.__tablename__, _INSERT_CUSTOMERS, [row._asdict() for row in rows])

    @classmethod
    async def rename_all(cls, session: AsyncSession, rows: Sequence[dict[str, str]]) -> None:
        """Give those of an address ({kind, value}) the name that they told us, if they still have the one
        ({placeholder}) that we made up; {name, words}."""
        if rows:
            await session.execute(_RENAME, {"rows": rows})

    @classmethod
    async def known(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Self]:
        if not ids:
            return {}
        found = await session.scalars(select(cls).where(among(cls.id, ids)))
        return {customer.id: customer for customer in found}

    @classmethod
    async def hold(cls, session: AsyncSession, customer_id: UUID) -> Self | None:
        """Its row, locked; what refers to it may still be written."""
        lock = {"key_share": True}
        return await session.get(cls, customer_id, with_for_update=lock, populate_existing=True)

    @classmethod
    async def listed(
        cls,
        session: AsyncSession,
        filters: "CustomerFilter",
        among: Select[UUID] | None = None,
    ) -> list[UUID]:
        """Newest first."""
        query = select(cls.id).order_by(cls.id.desc()).limit(filters.limit)
        if among is not None:
            query = query.where(cls.id.in_(among))
        if filters.tier is not None:
            query = query.where(cls.tier == filters.tier)
        if filters.segment is not None:
            query = query.where(cls.segment == filters.segment)
        if filters.before is not None:
            query = query.where(cls.id < filters.before)
        return list(await session.scalars(query))

    @classmethod
    async def of_addresses(
        cls, session: AsyncSession, address_ids: Collection[UUID], filters: "CustomerFilter"
    ) -> list[UUID]:
        """Those whom one of the addresses is linked to."""
        linked = select(CustomerAddress.customer_id).where(
            among(CustomerAddress.address_id, address_ids), CustomerAddress.unlinked_at.is_(None)
        )
        return await cls.listed(session, filters, linked)

    @classmethod
    async def search_for(
        cls, session: AsyncSession, words: str, fragment: str | None, filters: "CustomerFilter"
    ) -> list[UUID]:
        """By a tsquery of the name, or an ILIKE pattern of name or address."""
        values = {"words": words, "fragment": fragment, **filters._asdict()}
        return list(await session.scalars(_SEARCH, values))

    @classmethod
    async def index(cls, session: AsyncSession, customer_id: UUID, words: str) -> None:
        """Make the customer findable by `words` (see customers.words)."""
        vector = func.to_tsvector("simple", words)
        await session.execute(update(cls).where(cls.id == customer_id).values(search=vector))


class CustomerFilter(NamedTuple):
    """`before`: the last id of the page before; None for any."""

    tier: str | None
    segment: str | None
    before: UUID | None
    limit: int


class NewCustomer(NamedTuple):
    id: UUID
    tenant_id: UUID
    name: str
    words: str


_RENAME = text(
    """
    UPDATE customer c SET name = r.name, search = to_tsvector('simple', r.words), version = c.version + 1
    FROM jsonb_to_recordset(:rows)
           AS r (kind text, value text, placeholder text, name text, words text)
    JOIN address a ON a.kind = r.kind AND a.value = r.value
    JOIN customer_address l ON l.address_id = a.id AND l.unlinked_at IS NULL
    WHERE c.id = l.customer_id AND c.name = r.placeholder
    """
).bindparams(ROWS)
_SEARCH = text("SELECT * FROM find_customers(:words, :fragment, :tier, :segment, :before, :limit)")
_INSERT_CUSTOMERS = """
    INSERT INTO customer (id, tenant_id, name, search, attributes, version)
    SELECT id, tenant_id, name, to_tsvector('simple', words), '{}', 1
    FROM jsonb_to_recordset(:rows) AS r (id uuid, tenant_id uuid, name text, words text)
    """


class ContactAddress(Identified, Base):
    """Where a customer can be reached or was reached from. `kind` as in `app.events.Address`; an
    `anonymous` one (withheld number) belongs to one interaction and is never resolved."""

    __tablename__ = "address"
    kind: Mapped[str]
    value: Mapped[str]
    display_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "value"),)

    @property
    def address(self) -> Address:
        return Address(kind=self.kind, value=self.value)

    @classmethod
    async def address_of(cls, session: AsyncSession, address_id: UUID | None) -> Address | None:
        row = None if address_id is None else await session.get(cls, address_id)
        return None if row is None else row.address

    @classmethod
    async def hold(
        cls, session: AsyncSession, tenant_id: UUID, named: dict[Address, str | None]
    ) -> dict[Address, "HeldAddress"]:
        """These addresses, made where they are new (with a display name), and their rows locked in one order:
        who opens work for an address, or links it, does so alone."""
        if not named:
            return {}
        ordered = sorted(named, key=lambda address: (address.kind, address.value))
        made = [new_id() for _ in ordered]
        columns = (
            [address.kind for address in ordered],
            [address.value for address in ordered],
            [named[address] for address in ordered],
        )
        found = await ask(session, _HOLD_ADDRESSES, tenant_id, made, *columns)
        new = set(made)
        return {Address(kind=kind, value=value): HeldAddress(id_, id_ in new) for id_, kind, value in found}

    @classmethod
    async def rename_all(cls, session: AsyncSession, rows: Sequence[dict[str, str]]) -> None:
        """Give those of an address ({kind, value}) the name that they told us, if they still have the one
        ({placeholder}) that we made up; {name, words}."""
        if rows:
            await session.execute(_RENAME, {"rows": rows})

    @classmethod
    async def known(cls, session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Self]:
        if not ids:
            return {}
        found = await session.scalars(select(cls).where(among(cls.id, ids)))
        return {address.id: address for address in found}

    @classmethod
    async def find(cls, session: AsyncSession, values: Collection[str]) -> list[UUID]:
        """All kinds with one of these values: who searches by address seldom names the kind."""
        return list(await session.scalars(select(cls.id).where(cls.value.in_(values)).limit(20)))


_HOLD_ADDRESSES = """
    INSERT INTO address (id, tenant_id, kind, value, display_name)
    SELECT id, CAST($1 AS uuid), kind, value, name
    FROM unnest(CAST($2 AS uuid[]), CAST($3 AS text[]), CAST($4 AS text[]), CAST($5 AS text[]))
      AS t (id, kind, value, name)
    ON CONFLICT (tenant_id, kind, value)
      DO UPDATE SET display_name = coalesce(address.display_name, excluded.display_name)
    RETURNING id, kind, value
    """


class HeldAddress(NamedTuple):
    """`new`: nobody had seen it before, so nothing is linked to it."""

    id: UUID
    new: bool


class Link(NamedTuple):
    """A live link with what resolving needs. `proven`: its customer has a verified address."""

    id: UUID
    address_id: UUID
    customer_id: UUID
    verified: bool
    proven: bool
    name: str
    tier: str | None


class CustomerAddress(Identified, Base):
    """A dated link. `verified`: proven (the platform's caller id, a reply), not typed by a visitor."""

    __tablename__ = "customer_address"
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"))
    verified: Mapped[bool] = mapped_column(default=True)
    source: Mapped[str] = mapped_column(default="agent")
    linked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    unlinked_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_customer_address_live",
            "customer_id",
            "address_id",
            unique=True,
            postgresql_where=text("unlinked_at IS NULL"),
        ),
        Index("ix_customer_address_address_id", "address_id"),
        Index("ix_customer_address_customer_id", "customer_id"),
    )

    @classmethod
    async def live(cls, session: AsyncSession, address_ids: Collection[UUID]) -> list[Link]:
        """The live links of these addresses, oldest first."""
        if not address_ids:
            return []
        other = aliased(cls)
        proven = (
            select(other.id)
            .where(other.customer_id == cls.customer_id, other.unlinked_at.is_(None), other.verified)
            .exists()
        )
        rows = await session.execute(
            select(
                cls.id, cls.address_id, cls.customer_id, cls.verified, proven, Customer.name, Customer.tier
            )
            .join(Customer, Customer.id == cls.customer_id)
            .where(among(cls.address_id, address_ids), cls.unlinked_at.is_(None))
            .order_by(cls.linked_at, cls.id)
        )
        return [Link(*row) for row in rows]

    @classmethod
    async def verify(cls, session: AsyncSession, link_ids: Collection[UUID]) -> None:
        if link_ids:
            await session.execute(update(cls).where(cls.id.in_(link_ids)).values(verified=True))

    @classmethod
    async def of_customers(
        cls, session: AsyncSession, customer_ids: Collection[UUID]
    ) -> list[tuple[Self, ContactAddress]]:
        """Live links with their addresses, oldest first."""
        if not customer_ids:
            return []
        rows = await session.execute(
            select(cls, ContactAddress)
            .join(ContactAddress, ContactAddress.id == cls.address_id)
            .where(among(cls.customer_id, customer_ids), cls.unlinked_at.is_(None))
            .order_by(cls.linked_at, cls.id)
        )
        return [(link, address) for link, address in rows]

    @classmethod
    async def unlink(cls, session: AsyncSession, customer_id: UUID, address_id: UUID) -> bool:
        """Whether there was a live link."""
        ended = await session.execute(
            update(cls)
            .where(cls.customer_id == customer_id, cls.address_id == address_id, cls.unlinked_at.is_(None))
            .values(unlinked_at=func.clock_timestamp())
            .returning(cls.id)
        )
        return ended.first() is not None

    @classmethod
    def link(cls, session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
        """Links, when the transaction ends; one that lives already stays as it is, but becomes verified if
        the new one is. Keys: tenant_id, customer_id, address_id, verified, source."""
        insert_records(session, cls.__tablename__, _LINK, [{"id": new_id(), **row} for row in rows])


_LINK = """
    INSERT INTO customer_address (id, tenant_id, customer_id, address_id, verified, source)
    SELECT id, tenant_id, customer_id, address_id, verified, source
    FROM jsonb_to_recordset(:rows)
      AS r (id uuid, tenant_id uuid, customer_id uuid, address_id uuid, verified boolean, source text)
    ON CONFLICT (customer_id, address_id) WHERE unlinked_at IS NULL
      DO UPDATE SET verified = customer_address.verified OR excluded.verified
    """
