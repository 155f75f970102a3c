"""Who may call: refresh sessions, API keys, and the throttle on failed sign-ins."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified


class RefreshSession(Identified, Base):
    """One refresh token, stored as sha256. Each use replaces it by the next of its family; a used one that
    comes
    again ends the family."""

    __tablename__ = "refresh_session"
    family_id: Mapped[UUID]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "family_id"),)


class ApiKey(Identified, Base):
    """An integration's key, stored as sha256; `prefix` is what the list shows."""

    __tablename__ = "api_key"
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginFailure(Base):
    """Failed sign-ins per (tenant key, e-mail) and per peer. Infrastructure: no tenant is known yet."""

    __tablename__ = "login_failure"
    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
