"""Files of agents: sent up before the message that carries them, and given back (API §3)."""

from typing import Annotated
from uuid import UUID

from fastapi import File, Response, UploadFile, status
from pydantic import BaseModel, Field

from app import files
from app.access import Permission
from app.errors import Forbidden, NotFound, TooLarge
from app.problems import problems
from models.attachment import Attachment
from routers.deps import CurrentAgent, CurrentPrincipal, ReadTransaction, Services, Transaction, api_router

router = api_router("/v1/attachments", Permission.WORK, tags=["attachments"])


class AttachmentOut(BaseModel):
    """`type` is what the content is, whatever the sender claimed."""

    id: UUID
    name: str
    type: Annotated[str, Field(examples=["image/png"])]
    size: int


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(TooLarge))
async def upload_attachment(
    file: Annotated[UploadFile, File()], me: CurrentAgent, session: Transaction, container: Services
) -> AttachmentOut:
    """Up to 25 MB. Only who sent it up may put it into a message."""
    limit = container.settings.file_max_bytes
    stored = await files.store(session, container.blobs, file, me.tenant_id, me.actor, limit)
    return AttachmentOut.model_validate(stored.item())


@router.get("/{attachment_id}", responses=problems(NotFound, Forbidden))
async def download_attachment(
    attachment_id: UUID, caller: CurrentPrincipal, session: ReadTransaction, container: Services
) -> Response:
    """What stands on a timeline, or what I sent up myself. The recording of a call needs the permission
    `recordings.listen`."""
    attachment = await session.get(Attachment, attachment_id)
    if attachment is None or (attachment.touch_id is None and attachment.owner != caller.actor):
        raise NotFound()
    if Permission.RECORDINGS_LISTEN not in caller.permissions and await attachment.is_recording(session):
        raise Forbidden("Listening to calls needs the permission recordings.listen.")
    return files.download(attachment, await container.blobs.get(caller.tenant_id, attachment.sha256))
