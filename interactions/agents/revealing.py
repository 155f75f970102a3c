"""The identity numbers that are masked in a touch, shown to who may see them; each time is audited."""

import base64
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.errors import Invalid, NotFound
from app.hiding.identity_numbers import masked
from app.hiding.numbers import mask_numbers
from app.text import clean_line
from models.audit import Audit
from models.touch import Touch


class Opener(Protocol):
    """`app.security.Cipher`."""

    def open(self, tenant_id: UUID, sealed: bytes) -> bytes: ...


async def reveal(
    session: AsyncSession, agent: AgentPrincipal, opener: Opener, touch_id: UUID, reason: str
) -> list[dict[str, str]]:
    """{masked, number} of each, in the order in which they were read. Raises NotFound where there is none,
    Invalid without a reason."""
    why = clean_line(reason)
    if not why:
        raise Invalid(errors=[{"pointer": "/reason", "message": "say why"}])
    touch = await session.get(Touch, (agent.tenant_id, touch_id))
    if touch is None or not touch.sealed_numbers:
        raise NotFound("There is no identity number to reveal.")
    opened = [opener.open(agent.tenant_id, base64.b64decode(one)) for one in touch.sealed_numbers]
    session.add(_audit(agent, touch, why))
    return [{"masked": masked(number), "number": number} for number in map(bytes.decode, opened)]


def _audit(agent: AgentPrincipal, touch: Touch, reason: str) -> Audit:
    details: dict[str, Any] = {"reason": mask_numbers(reason)}
    if touch.interaction_id is not None:
        details["interaction_id"] = str(touch.interaction_id)
    return Audit(
        tenant_id=agent.tenant_id,
        actor=agent.actor,
        action="reveal_identity_numbers",
        entity=f"touch/{touch.id}",
        details={**details, "count": len(touch.sealed_numbers or ())},
    )
