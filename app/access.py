"""Who calls and what they may do: principals, permissions, and the signed access tokens of agents."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.clock import Clock
from app.errors import Unauthenticated

ACCESS_SECONDS: Final = 600
API_KEY_PREFIX: Final = "tp_"
_ALGORITHMS: Final = ["HS256"]
_ISSUER: Final = "touchpoint"


class Permission(StrEnum):
    """What a route asks for. API keys carry them as scopes."""

    WORK = "work"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    REPORTS_READ = "reports.read"
    EVENTS_READ = "events.read"
    RECORDINGS_LISTEN = "recordings.listen"
    SUPERVISE = "supervise"
    ADMINISTER = "administer"
    IDENTITY_REVEAL = "identity.reveal"


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    IDENTITY_READER = "identity_reader"


_AGENT: Final = frozenset({Permission.WORK, Permission.CUSTOMERS_READ, Permission.CUSTOMERS_WRITE})
_SUPERVISOR: Final = _AGENT | {
    Permission.REPORTS_READ,
    Permission.EVENTS_READ,
    Permission.RECORDINGS_LISTEN,
    Permission.SUPERVISE,
}
PERMISSIONS: Final = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: frozenset(Permission),
    Role.IDENTITY_READER: frozenset({Permission.IDENTITY_REVEAL}),
}


@dataclass(frozen=True, slots=True)
class AgentPrincipal:
    """A person who signed in. `session_id` is the family of refresh tokens behind the access token."""

    tenant_id: UUID
    id: UUID
    email: str
    name: str
    roles: tuple[str, ...]
    session_id: UUID
    expires_at: datetime

    @property
    def permissions(self) -> frozenset[Permission]:
        return frozenset().union(*(PERMISSIONS[Role(role)] for role in self.roles if role in set(Role)))

    @property
    def actor(self) -> str:
        """As audit and idempotency name it."""
        return f"agent/{self.id}"

    @property
    def author(self) -> dict[str, str]:
        """As touches name who wrote them."""
        return {"type": "agent", "id": str(self.id), "name": self.name}


@dataclass(frozen=True, slots=True)
class ApiKeyPrincipal:
    """An integration."""

    tenant_id: UUID
    id: UUID
    name: str
    permissions: frozenset[Permission]

    @property
    def actor(self) -> str:
        return f"api_key/{self.id}"

    @property
    def author(self) -> dict[str, str]:
        return {"type": "system", "id": str(self.id), "name": self.name}


Principal = AgentPrincipal | ApiKeyPrincipal


class AccessTokens:
    """Signed, short-lived and checked without the database: they work while it is away. Those of sessions
    that have `ended` open nothing."""

    def __init__(self, key: bytes, clock: Clock, ended: Container[UUID] = frozenset()) -> None:
        self._key = OctKey.import_key(key)
        self._clock, self._ended = clock, ended

    def issue(self, principal: AgentPrincipal) -> str:
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "sub": str(principal.id),
            "tenant": str(principal.tenant_id),
            "session": str(principal.session_id),
            "email": principal.email,
            "name": principal.name,
            "roles": list(principal.roles),
            "exp": int(principal.expires_at.timestamp()),
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key, _ALGORITHMS)

    def read(self, token: str) -> AgentPrincipal:
        """Whose token it is. Raises Unauthenticated for anything but a valid one that has not ended."""
        try:
            claims = jwt.decode(token, self._key, _ALGORITHMS).claims
            principal = _principal(claims)
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthenticated("This access token is not valid.") from None
        if claims.get("iss") != _ISSUER or principal.expires_at <= self._clock.now():
            raise Unauthenticated("This access token has ended: refresh it.")
        if principal.session_id in self._ended:
            raise Unauthenticated("This session has ended: sign in again.")
        return principal


def _principal(claims: dict[str, Any]) -> AgentPrincipal:
    return AgentPrincipal(
        tenant_id=UUID(claims["tenant"]),
        id=UUID(claims["sub"]),
        email=str(claims["email"]),
        name=str(claims["name"]),
        roles=tuple(claims["roles"]),
        session_id=UUID(claims["session"]),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
