"""What routes share: who calls, what they may, the one transaction, and the route class that reads bodies
safely and keeps answers. A router is made by `api_router`, so that none can forget its permission."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, params
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, AwareDatetime
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from app.access import API_KEY_PREFIX, AgentPrincipal, ApiKeyPrincipal, Permission, Principal
from app.container import Container
from app.doors import idempotency
from app.errors import Forbidden, Unauthenticated
from app.problems import JsonRequest
from app.security import token_hash
from models.access import ApiKey


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time in a request."""

_bearer = HTTPBearer(auto_error=False, description="An access token, or an API key (`tp_…`).")


def container_of(connection: HTTPConnection) -> Container:
    """The process's own, for HTTP and WebSocket routes alike."""
    container: Container = connection.app.state.container
    return container


Services = Annotated[Container, Depends(container_of)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def current_principal(credentials: Bearer, container: Services) -> Principal:
    """Who calls. Raises Unauthenticated."""
    if credentials is None:
        raise Unauthenticated("This needs `Authorization: Bearer …`.")
    token = credentials.credentials
    if not token.startswith(API_KEY_PREFIX):
        return container.tokens.read(token)
    async with container.database.read() as session:
        key = await ApiKey.find(session, token_hash(token))
    if key is None:
        raise Unauthenticated("This API key is unknown, revoked or expired.")
    scopes = frozenset(Permission(scope) for scope in key.scopes if scope in set(Permission))
    return ApiKeyPrincipal(key.tenant_id, key.id, key.name, scopes)


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


async def current_agent(principal: CurrentPrincipal) -> AgentPrincipal:
    """A person. Raises Forbidden for API keys."""
    if not isinstance(principal, AgentPrincipal):
        raise Forbidden("This is for people who signed in, not for API keys.")
    return principal


CurrentAgent = Annotated[AgentPrincipal, Depends(current_agent)]


async def transaction(
    request: Request, principal: CurrentPrincipal, container: Services
) -> AsyncIterator[AsyncSession]:
    scope = (container.database, container.cipher, request, principal.tenant_id, principal.actor)
    async with idempotency.transaction(*scope) as session:
        yield session


async def read_transaction(principal: CurrentPrincipal, container: Services) -> AsyncIterator[AsyncSession]:
    async with container.database.read(principal.tenant_id) as session:
        yield session


# With the default scope the commit would happen after the answer was sent.
Transaction = Annotated[AsyncSession, Depends(transaction, scope="function")]
ReadTransaction = Annotated[AsyncSession, Depends(read_transaction, scope="function")]


class Guard:
    """Lets a caller with `permission` pass. Raises Forbidden."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, principal: CurrentPrincipal) -> None:
        if self.permission not in principal.permissions:
            raise Forbidden(f"This needs the permission `{self.permission}`.")


class Open:
    """Says that a route asks nobody for a token, and why."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def __call__(self) -> None:
        return None


def needs(permission: Permission) -> params.Depends:
    """The permission of one route, where it asks for another than its router's."""
    return params.Depends(Guard(permission))


class ApiRoute(APIRoute):
    """Bodies are parsed by `app.problems`; an answer to a request with an Idempotency-Key is kept."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            own = JsonRequest(request.scope, request.receive)
            answer = await handle(own)
            await idempotency.remember(own, answer)
            return answer

        return handler


def api_router(prefix: str, needs: Permission | Open, **options: Any) -> APIRouter:
    """A router all of whose routes ask for `needs`; `Open("why")` for those that ask for nothing."""
    guard = needs if isinstance(needs, Open) else Guard(needs)
    dependencies = [params.Depends(guard)]
    return APIRouter(prefix=prefix, route_class=ApiRoute, dependencies=dependencies, **options)
