"""All that a screen pop needs of a customer, in one call."""

from collections import Counter
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from customers import profiles, timeline
from models.interaction import Interaction

LAST_TOUCHES: Final = 5
LOOKED_AT: Final = 50


async def context(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Profile, open interactions, last touches, and the channel that they write or call on most. Raises
    NotFound."""
    profile = await profiles.one(session, customer_id)
    page = await timeline.page(session, customer_id, timeline.Wanted(limit=LOOKED_AT))
    touches: list[dict[str, Any]] = page["items"]
    return {
        "profile": profile,
        "tier": profile["tier"],
        "open_interactions": await Interaction.open_of_customer(session, customer_id),
        "last_touches": touches[:LAST_TOUCHES],
        "preferred_channel": _preferred(touches),
    }


def _preferred(touches: list[dict[str, Any]]) -> str | None:
    """Of their latest touches the most frequent channel; of equals the one used last."""
    used = Counter(touch["channel"] for touch in touches if touch["direction"] == "inbound")
    return used.most_common(1)[0][0] if used else None
