"""`POST /forms/{endpoint_id}`: a customer's request from a web page (API §6)."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import FormData, UploadFile

from app import files
from app.container import Container
from app.database import OUTAGES
from app.doors import idempotency
from app.doors.unreadable import keep_unreadable
from app.endpoints import KnownEndpoint
from app.errors import (
    Forbidden,
    Invalid,
    KeyReused,
    MalformedPayload,
    NotFound,
    PoisonEvent,
    TooLarge,
    TooMany,
)
from app.events import Attachment, FormSubmitted
from app.problems import problem, problems
from channels.base import WireRequest
from models.audit import AnswerKey, IdempotentAnswer
from routers import cors
from routers.deps import Open, Services, api_router

FILES_MAX = 10
ROUTE = "POST /forms/{endpoint_id}"
_URLENCODED = "application/x-www-form-urlencoded"

log = structlog.get_logger()
router = api_router("/forms", Open("anyone may fill in a form"), tags=["from outside"])


@router.options("/{endpoint_id}", include_in_schema=False)
async def preflight(endpoint_id: str, request: Request, container: Services) -> Response:
    """What a browser asks first."""
    return cors.preflight(request, _endpoint(container, endpoint_id))


@router.post(
    "/{endpoint_id}", status_code=202, responses=problems(Forbidden, NotFound, Invalid, KeyReused, TooLarge)
)
async def submit_form(endpoint_id: str, request: Request, container: Services) -> Response:
    """JSON, form-encoded, or multipart with files; durable when answered. `{reference}` is the customer's."""
    endpoint = _endpoint(container, endpoint_id)
    cors.check_origin(endpoint, request.headers.get("origin"))
    try:
        reference = await _accept(container, endpoint, request)
    except (Invalid, KeyReused, TooLarge, TooMany) as error:  # the page must be able to read why
        return cors.shared(request, problem(error))
    finally:
        await request.close()  # its files
    return cors.shared(request, JSONResponse({"reference": reference}, 202))


async def _accept(container: Container, endpoint: KnownEndpoint, request: Request) -> str:
    wire, uploads = await _wire_request(container, request)
    try:
        container.pressure.check("form")
        (event,) = endpoint.adapter.parse(wire)
        assert isinstance(event, FormSubmitted) and wire.received_at is not None
        key = idempotency.key_of(request)
        reference = _reference(endpoint.id, key)
        if key is not None:
            await _claim(container, endpoint, key, await idempotency.body_hash_of(request))
        stored = await _store(container, endpoint, uploads, reference)
        event = event.model_copy(update={"external_id": reference, "attachments": stored})
        await container.bus.publish([endpoint.envelope(event, wire.received_at)])
    except (MalformedPayload, PoisonEvent) as error:
        await _keep(container, endpoint, wire, error)
        raise _invalid(error) from None
    return reference


def _endpoint(container: Container, endpoint_id: str) -> KnownEndpoint:
    try:
        endpoint = container.endpoints.get(UUID(endpoint_id))
    except ValueError:
        endpoint = None
    if endpoint is None or endpoint.adapter_name != "form":
        raise NotFound()
    return endpoint


async def _wire_request(container: Container, request: Request) -> tuple[WireRequest, Sequence[UploadFile]]:
    """What the adapter reads: a multipart form's inputs as if they had come without files."""
    content_type, body, uploads = request.headers.get("content-type", ""), b"", list[UploadFile]()
    if content_type.startswith("multipart/form-data"):
        form = await request.form(max_files=FILES_MAX)
        uploads = _files_of(form)
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        content_type, body = _URLENCODED, urlencode(texts, errors="surrogatepass").encode()
    else:
        body = await request.body()
    wire = WireRequest(
        method="POST",
        url=str(request.url),
        headers={**request.headers, "content-type": content_type},
        body=body,
        received_at=container.clock.now(),
        remote=request.client.host if request.client else None,
    )
    return wire, uploads


def _files_of(form: FormData) -> list[UploadFile]:
    """A file input that was left empty is sent as a file without a name."""
    return [value for _, value in form.multi_items() if isinstance(value, UploadFile) and value.filename]


def _reference(endpoint_id: UUID, key: str | None) -> str:
    """Short enough to be read out; the same for the same Idempotency-Key, so that intake knows a repeat."""
    made = secrets.token_bytes(10)
    if key is not None:
        made = hashlib.sha256(f"{endpoint_id}\n{key}".encode()).digest()[:10]
    return base64.b32encode(made).decode()


async def _claim(container: Container, endpoint: KnownEndpoint, key: str, body_hash: str) -> None:
    """Raises KeyReused. While the database is away a repeat is still one request, by its reference."""
    named = AnswerKey(endpoint.tenant_id, f"endpoint/{endpoint.id}", ROUTE, key)
    try:
        async with container.database.transaction(endpoint.tenant_id) as session:
            seconds = idempotency.IN_FLIGHT_SECONDS
            earlier = await IdempotentAnswer.take(session, named, body_hash, seconds)
    except OUTAGES as error:
        log.warning("idempotency key not kept", error=repr(error)[:200])
        return
    if earlier is not None and earlier.body_hash != body_hash:
        raise KeyReused()


async def _store(
    container: Container, endpoint: KnownEndpoint, uploads: Sequence[UploadFile], reference: str
) -> tuple[Attachment, ...]:
    if not uploads:
        return ()
    limit, owner = container.settings.file_max_bytes, f"form/{reference}"
    async with container.database.transaction(endpoint.tenant_id) as session:
        rows = [
            await files.store(session, container.blobs, upload, endpoint.tenant_id, owner, limit)
            for upload in uploads
        ]
    return tuple(
        Attachment(id=row.id, name=row.name, content_type=row.content_type, size=row.size) for row in rows
    )


async def _keep(container: Container, endpoint: KnownEndpoint, wire: WireRequest, error: Exception) -> None:
    """Raises TooMany for who keeps sending rubbish: each is kept as a dead letter."""
    if seconds := container.rubbish.take(f"{endpoint.id} {wire.remote}"):
        raise TooMany("Too many forms that cannot be read.", retry_after_seconds=seconds)
    place = (container.database, container.cipher, endpoint.tenant_id, endpoint.id)
    await keep_unreadable(*place, wire.body, str(error))


def _invalid(error: Exception) -> Invalid:
    pointer = error.pointer if isinstance(error, MalformedPayload) else ""
    message = error.message if isinstance(error, MalformedPayload) else str(error)
    return Invalid(str(error), errors=[{"pointer": pointer, "message": message}])
