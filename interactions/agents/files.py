"""Files that an agent has uploaded, on their way into a message."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import Invalid
from models.attachment import Attachment
from models.touch import Touch


async def own_files(session: AsyncSession, agent: AgentPrincipal, ids: Sequence[UUID]) -> list[Attachment]:
    """In the order given. Raises Invalid for what is not theirs, or was sent before."""
    mine = await Attachment.owned(session, ids, agent.actor)
    unknown = [index for index, id_ in enumerate(ids) if id_ not in mine]
    if unknown:
        message = "not a file that you have uploaded and not sent yet"
        raise Invalid(errors=[{"pointer": f"/attachments/{i}", "message": message} for i in unknown])
    return [mine[id_] for id_ in dict.fromkeys(ids)]


async def hang_on(
    session: AsyncSession, agent: AgentPrincipal, files: Sequence[Attachment], touch: Touch
) -> None:
    """They belong to this message now; its row is written before."""
    rows = [{"id": file.id, "touch_id": touch.id, "owner": agent.actor} for file in files]
    await Attachment.hang(session, rows)
