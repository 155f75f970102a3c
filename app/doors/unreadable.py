"""What came in authentic but unreadable: its raw bytes, sealed, in `dead_letter`, before the answer."""

from uuid import UUID

from sqlalchemy import insert

from app.clock import new_id
from app.database import Database
from app.events import Stream
from app.security import Cipher
from models.log import DeadLetter

ERROR_MAX_CHARACTERS = 2000
QUERY_MAX_CHARACTERS = 2000


async def keep_unreadable(
    database: Database,
    cipher: Cipher,
    tenant_id: UUID,
    endpoint_id: UUID,
    raw: bytes,
    error: str,
    query: str = "",
) -> UUID:
    """The letter's id. `query`: that of the request, which may tell how to read it. Raises what a database
    that is away raises."""
    letter_id = new_id()
    async with database.transaction() as session:
        await session.execute(
            insert(DeadLetter).values(
                id=letter_id,
                tenant_id=tenant_id,
                source=f"/endpoints/{endpoint_id}" + (f"?{query[:QUERY_MAX_CHARACTERS]}" if query else ""),
                stream=Stream.INBOUND.value,
                raw=cipher.seal(tenant_id, raw),
                error=error.replace("\x00", "")[:ERROR_MAX_CHARACTERS],
            )
        )
    return letter_id
