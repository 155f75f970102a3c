"""Files of chat visitors: sent up before the message that carries them, and given back (API §3)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from app import files
from app.endpoints import KnownEndpoint
from app.errors import Forbidden, NotFound, ServiceError, TooLarge, Unauthenticated
from app.problems import problem, problems
from app.security import token_hash
from models.visitor import Visitor
from routers import cors
from routers.deps import Bearer, Open, Services, api_router

router = api_router("/chat", Open("visitors bring their own token"), tags=["from outside"])


def endpoint_of(endpoint_id: str, container: Services) -> KnownEndpoint:
    """Raises NotFound unless it is a chat."""
    try:
        endpoint = container.endpoints.get(UUID(endpoint_id))
    except ValueError:
        endpoint = None
    if endpoint is None or endpoint.adapter_name != "chat":
        raise NotFound()
    return endpoint


ChatEndpoint = Annotated[KnownEndpoint, Depends(endpoint_of)]


async def visitor_of(endpoint: ChatEndpoint, credentials: Bearer, container: Services) -> Visitor:
    """Raises Unauthenticated."""
    if credentials is not None:
        async with container.database.read() as session:
            visitor = await Visitor.find(session, token_hash(credentials.credentials))
        if visitor is not None and visitor.endpoint_id == endpoint.id:
            return visitor
    raise Unauthenticated("This needs `Authorization: Bearer <visitor_token>`.")


CurrentVisitor = Annotated[Visitor, Depends(visitor_of)]


@router.options("/{endpoint_id}/attachments", include_in_schema=False)
@router.options("/{endpoint_id}/attachments/{attachment_id}", include_in_schema=False)
async def preflight(request: Request, endpoint: ChatEndpoint) -> Response:
    """What a browser asks first."""
    return cors.preflight(request, endpoint)


@router.post("/{endpoint_id}/attachments", status_code=201, responses=problems(TooLarge, Forbidden))
async def upload_visitor_file(
    file: Annotated[UploadFile, File()],
    request: Request,
    endpoint: ChatEndpoint,
    visitor: CurrentVisitor,
    container: Services,
) -> Response:
    """Up to 25 MB: `{id, name, type, size}`."""
    cors.check_origin(endpoint, request.headers.get("origin"))
    owner, limit = f"visitor/{visitor.id}", container.settings.file_max_bytes
    try:
        async with container.database.transaction(visitor.tenant_id) as session:
            stored = await files.store(session, container.blobs, file, visitor.tenant_id, owner, limit)
    except ServiceError as error:  # the page must be able to read why
        return cors.shared(request, problem(error))
    return cors.shared(request, JSONResponse(stored.item(), 201))


@router.get("/{endpoint_id}/attachments/{attachment_id}", responses=problems(NotFound))
async def download_visitor_file(
    attachment_id: UUID,
    request: Request,
    endpoint: ChatEndpoint,
    visitor: CurrentVisitor,
    container: Services,
) -> Response:
    """What stands in this visitor's conversation."""
    cors.check_origin(endpoint, request.headers.get("origin"))
    async with container.database.read(visitor.tenant_id) as session:
        found = (await Visitor.files(session, visitor.id, [attachment_id])).get(attachment_id)
    if found is None:
        raise NotFound()
    content = await container.blobs.get(visitor.tenant_id, found.sha256)
    return cors.shared(request, files.download(found, content))
