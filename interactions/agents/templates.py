"""Approved texts: what a messenger lets through when its reply window is closed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid, NotFound
from channels.abilities import HasTemplates, Template
from channels.base import ChosenTemplate, Unsendable
from interactions.touches.outgoing import Directory
from models.interaction import Interaction


class Templates:
    """Those of one endpoint; none where its platform knows no such thing."""

    def __init__(self, directory: Directory, endpoint_id: UUID | None) -> None:
        known = None if endpoint_id is None else directory.get(endpoint_id)
        adapter = None if known is None else known.adapter
        self._adapter = adapter if isinstance(adapter, HasTemplates) else None

    @property
    def needed(self) -> bool:
        """Nothing else may be sent to who has opened no window."""
        return self._adapter is not None

    def items(self) -> list[dict[str, Any]]:
        """As the API shows them."""
        found: Sequence[Template] = () if self._adapter is None else self._adapter.templates()
        return [{"key": one.key, "text": one.text, "gaps": list(one.gaps)} for one in found]

    def filled(self, chosen: ChosenTemplate) -> str:
        """What the customer will read. Raises Invalid."""
        if self._adapter is None:
            raise _wrong("this channel has no templates")
        try:
            return self._adapter.filled(chosen)
        except Unsendable as error:
            raise _wrong(str(error)) from None


async def templates_of(
    session: AsyncSession, directory: Directory, interaction_id: UUID
) -> list[dict[str, Any]]:
    """Those that may be sent in this interaction. Raises NotFound."""
    interaction = await session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound("There is no such interaction.")
    return Templates(directory, interaction.endpoint_id).items()


def _wrong(message: str) -> Invalid:
    return Invalid(errors=[{"pointer": "/template", "message": message}])
