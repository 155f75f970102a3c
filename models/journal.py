"""The routing engine's inputs, written in the decision's transaction: what replay runs from. Kept 90 days."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, TenantRow


class RoutingJournal(TenantRow, Base):
    """`kind`: batch, rebuild or lost_guard; `now_us` is the engine's instant in microseconds since the
    epoch."""

    __tablename__ = "routing_journal"
    position: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    now_us: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[Json]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    decision_count: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("ix_routing_journal_tenant_id", "tenant_id", "position"),)
