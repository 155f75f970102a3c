"""All that a screen pop needs of a customer, in one call."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from customers import profiles, timeline
from models.interaction import Interaction
from models.timeline import Row

LAST_TOUCHES: Final = 5
LOOKED_AT: Final = 50


async def context(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Profile, account team, open interactions, last touches, and the channel that they write or call on
    most. Raises NotFound."""
    profile = await profiles.one(session, customer_id)
    rows = await timeline.rows(session, customer_id, timeline.Wanted(limit=LOOKED_AT))
    return {
        "profile": profile,
        "tier": profile["tier"],
        "account_team": profile["account_team"],
        "open_interactions": await Interaction.open_of_customer(session, customer_id),
        "last_touches": [orjson.Fragment(row.item) for row in rows[:LAST_TOUCHES]],
        "preferred_channel": _preferred(rows),
    }


def _preferred(rows: Sequence[Row]) -> str | None:
    """Of their latest touches the most frequent channel; of equals the one used last."""
    used = Counter(row.channel for row in rows if row.direction == "inbound")
    return used.most_common(1)[0][0] if used else None
