"""Cross-origin answers for the pages of tenants' own sites: forms and the chat's files."""

from typing import Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response

from app.endpoints import KnownEndpoint
from app.errors import Forbidden

PREFLIGHT_SECONDS = 600


@runtime_checkable
class ForPages(Protocol):
    """An adapter that says which pages may use it."""

    def allows(self, origin: str | None) -> bool: ...


def check_origin(endpoint: KnownEndpoint, origin: str | None) -> None:
    """Raises Forbidden for a page that the endpoint does not name."""
    if not isinstance(endpoint.adapter, ForPages) or not endpoint.adapter.allows(origin):
        raise Forbidden("This page's origin is not among the endpoint's allowed_origins.")


def shared(request: Request, answer: Response) -> Response:
    """`answer`, readable by the page that asked; its origin has been checked."""
    origin = request.headers.get("origin")
    if origin is not None:
        answer.headers["access-control-allow-origin"] = origin
        answer.headers["vary"] = "Origin"
        answer.headers["cross-origin-resource-policy"] = "cross-origin"
    return answer


def preflight(request: Request, endpoint: KnownEndpoint) -> Response:
    """What a browser asks before it posts. Raises Forbidden."""
    check_origin(endpoint, request.headers.get("origin"))
    answer = shared(request, Response(status_code=204))
    answer.headers["access-control-allow-methods"] = "POST, GET"
    answer.headers["access-control-allow-headers"] = "authorization, content-type, idempotency-key"
    answer.headers["access-control-max-age"] = str(PREFLIGHT_SECONDS)
    return answer
