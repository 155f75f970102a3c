"""`/files/{token}`: one file of a message of ours, for the platform that delivers it."""

from fastapi import Response

from app import files
from app.errors import NotFound
from app.problems import problems
from models.attachment import Attachment
from routers.deps import Open, Services, api_router

router = api_router("/files", Open("the address itself is signed, and ends"), tags=["from outside"])


@router.head("/{token}", include_in_schema=False)
@router.get("/{token}", responses=problems(NotFound))
async def fetch_file(token: str, container: Services) -> Response:
    """Pictures as what they are, all else as a download: no browser runs anything in it."""
    named = container.file_links.read(token)
    if named is None:
        raise NotFound()
    tenant_id, attachment_id = named
    async with container.database.read(tenant_id) as session:
        attachment = await session.get(Attachment, attachment_id)
    if attachment is None:
        raise NotFound()
    return files.hand_out(attachment, await container.blobs.get(tenant_id, attachment.sha256))
