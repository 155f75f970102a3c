"""Errors as RFC 9457 problem documents, and request bodies read once, centrally: whatever is sent, the answer
is a documented one and never a 500."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import asyncpg
import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from app.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    ServiceError,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.json_body import MalformedJson, parse_json
from app.text import clean_value

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
AGAIN_SECONDS: Final = 2
"""What a caller is asked to wait while the database is away."""

_ERRORS_MAX: Final = 50
_BAD_DATA: Final = "22"  # SQLSTATE class: the value cannot be what the column holds


class MethodNotAllowed(ServiceError):
    status, slug, title = 405, "method-not-allowed", "This path does not take that method"


class UnreadableBody(HTTPException):
    """FastAPI lets only this family through from where a body is read."""


_BY_STATUS: Final[Mapping[int, type[ServiceError]]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    422: Invalid,
    429: TooMany,
    503: Unavailable,
}


class JsonRequest(Request):
    """A request whose JSON is parsed by our own rules and cleaned at the one choke point for text."""

    async def json(self) -> Any:
        try:
            return clean_value(parse_json(await self.body()))
        except MalformedJson as error:
            raise UnreadableBody(400, f"The body is not JSON that can be read: {error}") from None


class Problem(Response):
    media_type = MEDIA_TYPE


def problem(error: ServiceError) -> Response:
    """The answer that tells the caller about `error`."""
    document = {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.members,
    }
    return Problem(orjson.dumps(document, default=str), error.status, headers=_headers(error))


def _headers(error: ServiceError) -> dict[str, str]:
    headers = {}
    if "retry_after_seconds" in error.members:
        headers["retry-after"] = str(max(1, round(error.members["retry_after_seconds"])))
    if error.status == Unauthenticated.status:
        headers["www-authenticate"] = "Bearer"
    return headers


class _ProblemDocument:
    """What the OpenAPI document says of every problem."""

    schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    }


def problems(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: the problems that it answers with besides the common ones."""
    content = {MEDIA_TYPE: {"schema": _ProblemDocument.schema}}
    by_status: dict[int | str, list[type[ServiceError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {
        status: {"description": ", ".join(f"/problems/{e.slug}" for e in members), "content": content}
        for status, members in by_status.items()
    }


def as_service_error(error: Exception) -> ServiceError | None:
    """What the caller should hear about `error`; None when it is our own fault."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, ClientDisconnect):  # nobody hears it
        return BadRequest("The body ended early.")
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError | PoolTimeout | asyncpg.PostgresError | asyncpg.InterfaceError):
        return _away()
    return None


def _away() -> Unavailable:
    return Unavailable("The database does not answer.", retry_after_seconds=AGAIN_SECONDS)


def _of_database(error: DBAPIError) -> ServiceError | None:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state.startswith(_BAD_DATA):
        return BadRequest("A value holds characters or numbers that cannot be stored.")
    ours = state.startswith(("23", "42", "0A"))  # constraint, syntax, unsupported: a bug, not an outage
    return None if ours else _away()


def _of_status(error: HTTPException) -> ServiceError:
    kind = _BY_STATUS.get(error.status_code, BadRequest)
    return kind(error.detail if isinstance(error, UnreadableBody) else "")


def _invalid(error: RequestValidationError) -> ServiceError:
    items: Sequence[Any] = error.errors()
    if any(item["loc"][0] == "path" for item in items):
        return NotFound()  # no such id can exist
    if any(item["type"] == "json_invalid" for item in items):
        return BadRequest("The body is not JSON.")
    fields = [
        {"pointer": pointer_of(item["loc"][1:]), "message": _message(item)} for item in items[:_ERRORS_MAX]
    ]
    return Invalid(f"{len(items)} of the fields are wrong or missing.", errors=fields)


def pointer_of(location: Sequence[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _message(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")


async def render(connection: HTTPConnection, error: Exception) -> Response:
    """Starlette's exception handler for every kind of exception."""
    known = as_service_error(error)
    if known is None:
        log.error("request failed", path=connection.scope.get("path"), exc_info=error)
        known = ServiceError("Something went wrong here; it is in the log.")
    elif not isinstance(error, ServiceError | HTTPException | RequestValidationError):
        log.warning("request refused", path=connection.scope.get("path"), error=repr(error)[:500])
    return problem(known)


def install(app: FastAPI) -> None:
    """Every exception that leaves a route becomes a problem document."""
    handled = (ServiceError, HTTPException, RequestValidationError, ClientDisconnect, DBAPIError, PoolTimeout)
    outages = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
    for kind in (*handled, *outages, Exception):
        app.add_exception_handler(kind, render)
