"""The account team of a customer: the agents who answer for them, one for each role."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ForeignKey, case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.agent import Agent
from models.base import Base, TenantRow, among, one_of

TEAM_ROLES: Final = ("account", "solution", "delivery")
"""In the order in which routing prefers them."""


class Member(NamedTuple):
    """`agent_id` of an agent who still works here."""

    role: str
    agent_id: UUID
    email: str
    name: str


class AccountTeamMember(TenantRow, Base):
    __tablename__ = "account_team"
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    __table_args__ = (one_of("role", TEAM_ROLES),)

    @classmethod
    async def of_customers(
        cls, session: AsyncSession, customer_ids: Collection[UUID]
    ) -> dict[UUID, list[Member]]:
        """The teams of those who have one, members in the order of their roles."""
        if not customer_ids:
            return {}
        place = case({role: place for place, role in enumerate(TEAM_ROLES)}, value=cls.role)
        rows = await session.execute(
            select(cls.customer_id, cls.role, Agent.id, Agent.email, Agent.name)
            .join(Agent, Agent.id == cls.agent_id)
            .where(among(cls.customer_id, customer_ids), Agent.disabled_at.is_(None))
            .order_by(cls.customer_id, place)
        )
        found: dict[UUID, list[Member]] = defaultdict(list)
        for customer_id, role, agent_id, email, name in rows:
            found[customer_id].append(Member(role, agent_id, email, name))
        return found

    @classmethod
    async def put(
        cls, session: AsyncSession, tenant_id: UUID, customer_id: UUID, members: Mapping[str, UUID | None]
    ) -> None:
        """These roles are filled so from now on; None: by nobody. The caller holds the customer's row."""
        await session.execute(delete(cls).where(cls.customer_id == customer_id, cls.role.in_(members)))
        rows: list[dict[str, Any]] = [
            {"tenant_id": tenant_id, "customer_id": customer_id, "role": role, "agent_id": agent_id}
            for role, agent_id in members.items()
            if agent_id is not None
        ]
        if rows:
            await session.execute(insert(cls), rows)
