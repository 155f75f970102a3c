"""What the desktops of one process show: confirmations that come at once share one statement."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.bus.together import Together
from app.database import Database
from models.offer import Offer

AT_ONCE_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Shown:
    tenant_id: UUID
    offer_id: UUID
    agent_id: UUID


class ShownOffers:
    """One per api process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Together[Shown, None] = Together(self._write, most=AT_ONCE_MAX)

    async def confirm(self, shown: Shown) -> None:
        """The agent's desktop shows it. No version is raised: nobody else needs to know."""
        await self._together.ask(shown)

    async def close(self) -> None:
        await self._together.close()

    async def _write(self, items: Sequence[Shown]) -> Sequence[None]:
        by_tenant: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
        for shown in items:
            by_tenant[shown.tenant_id][shown.offer_id] = shown.agent_id
        for tenant_id, agents in by_tenant.items():
            async with self._database.transaction(tenant_id) as session:
                await Offer.mark_shown(session, agents)
        return [None] * len(items)
