"""`POST /webhooks/{endpoint_id}`: verified, parsed and in the log before the sender hears of success; and the
`GET` with which some platforms check that the address is ours.

The hot path: bare ASGI before the framework, whose conveniences would cost more than the work itself.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.container import Container
from app.doors.unreadable import keep_unreadable
from app.endpoints import KnownEndpoint
from app.errors import (
    BadRequest,
    BadSignature,
    Invalid,
    MalformedPayload,
    NotFound,
    PoisonEvent,
    Unauthenticated,
    Unavailable,
)
from app.events import InboundEvent
from app.problems import MethodNotAllowed, as_service_error, problem
from channels.base import WireRequest, WireResponse

log = structlog.get_logger()

PATH: Final = "/webhooks/"

FORMAT_IS_OURS: Final = frozenset({"cti", "custom"})
"""Who speaks our own format is told what is wrong with it; a provider would only repeat it for ever."""

OTHER_DOORS: Final = frozenset({"form", "chat", "email"})
_SUCCESS_HEADERS: Final = ((b"content-type", b"application/json"), (b"content-length", b"2"))


class WebhookDoor:
    """ASGI middleware: answers its own paths, passes everything else on to `app`. Needs no database while the
    log is Kafka; else it shares one write with others."""

    def __init__(self, app: ASGIApp, container: Container) -> None:
        self._app, self._container = app, container

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._accept(self._container, scope, receive)
        except Exception as error:
            if (known := as_service_error(error)) is None:
                raise
            answer = problem(known)
        await answer(scope, receive, send)

    async def _accept(self, container: Container, scope: Scope, receive: Receive) -> ASGIApp:
        endpoint = _endpoint(container, scope["path"].removeprefix(PATH))
        if scope["method"] == "GET" and endpoint.challenged is not None:
            return await _challenge(container, endpoint, scope, receive)
        if scope["method"] != "POST":
            raise MethodNotAllowed()
        request = await _wire_request(container, scope, receive)
        _verify(container, endpoint, request)
        try:
            events = await _take(container, endpoint, request)
        except Exception as error:
            return _unavailable(endpoint, request, error)
        return _success if endpoint.answers is None else _said(endpoint.answers.answer(request, events))


def _verify(container: Container, endpoint: KnownEndpoint, request: WireRequest) -> None:
    try:
        endpoint.adapter.verify(request)
    except BadSignature as error:
        raise _refused(container, endpoint, error) from None


def _refused(container: Container, endpoint: KnownEndpoint, error: BadSignature) -> Unauthenticated:
    log.warning("webhook refused", endpoint=endpoint.key, reason=str(error))
    container.refusals.add(endpoint.tenant_id, endpoint.id, container.clock.now())
    return Unauthenticated("The signature does not fit.")


async def _take(
    container: Container, endpoint: KnownEndpoint, request: WireRequest
) -> Sequence[InboundEvent]:
    """What it tells, in the log; nothing where it cannot be read and is kept for later."""
    try:
        container.pressure.check(endpoint.channel)
        events = endpoint.adapter.parse(request)
        assert request.received_at is not None
        await container.bus.publish([endpoint.envelope(event, request.received_at) for event in events])
    except BadSignature as error:
        raise _refused(container, endpoint, error) from None
    except (MalformedPayload, PoisonEvent) as error:
        await _keep(container, endpoint, request, error)
        if endpoint.adapter_name in FORMAT_IS_OURS:
            raise Invalid(str(error), errors=[_told(error)]) from None
        return ()
    return events


def _unavailable(endpoint: KnownEndpoint, request: WireRequest, error: Exception) -> ASGIApp:
    """The platform's own way to go on without us, where it has one; else `error` is raised again."""
    known = as_service_error(error)
    if endpoint.answers is None or not isinstance(known, Unavailable):
        raise error
    document = endpoint.answers.unavailable(request)
    if document is None:
        raise error
    log.error("nothing can be stored; the platform goes on alone", endpoint=endpoint.key, error=known.detail)
    return _said(document)


async def _challenge(
    container: Container, endpoint: KnownEndpoint, scope: Scope, receive: Receive
) -> ASGIApp:
    assert endpoint.challenged is not None
    request = await _wire_request(container, scope, receive)
    try:
        return _said(endpoint.challenged.challenge(request))
    except BadSignature as error:
        raise _refused(container, endpoint, error) from None


def _said(answer: WireResponse) -> Response:
    """What an adapter answers, never guessed to be a page by a browser."""
    headers = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
    return Response(answer.body, answer.status, {**headers, **answer.headers})


def _endpoint(container: Container, endpoint_id: str) -> KnownEndpoint:
    try:
        endpoint = container.endpoints.get(UUID(endpoint_id))
    except ValueError:
        endpoint = None
    if endpoint is None or endpoint.adapter_name in OTHER_DOORS:
        raise NotFound()
    return endpoint


async def _success(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _SUCCESS_HEADERS})
    await send({"type": "http.response.body", "body": b"{}"})


async def _wire_request(container: Container, scope: Scope, receive: Receive) -> WireRequest:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The body ended early.")
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return WireRequest(
        method=scope["method"],
        url=_url(container, scope, headers.get("host", "")),
        headers=headers,
        body=b"".join(chunks),
        received_at=container.clock.now(),
        remote=scope["client"][0] if scope.get("client") else None,
    )


async def _keep(
    container: Container, endpoint: KnownEndpoint, request: WireRequest, error: Exception
) -> None:
    log.warning("unreadable webhook kept as a dead letter", endpoint=endpoint.key, error=str(error))
    place = (container.database, container.cipher, endpoint.tenant_id, endpoint.id)
    await keep_unreadable(*place, request.body, str(error), request.url.partition("?")[2])


def _url(container: Container, scope: Scope, host: str) -> str:
    """As the sender knows it: some platforms sign it."""
    public = container.settings.public_url
    base = public.rstrip("/") if public else f"{scope['scheme']}://{host}"
    query = scope["query_string"].decode("latin-1")
    return f"{base}{scope['path']}" + (f"?{query}" if query else "")


def _told(error: Exception) -> dict[str, str]:
    if isinstance(error, MalformedPayload):
        return {"pointer": error.pointer, "message": error.message}
    return {"pointer": "", "message": str(error)}
