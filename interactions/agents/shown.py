"""What the desktops of one process show: confirmations that come at once share one statement. Where a queue
accepts for its agents, that is when it does: never on a screen that nobody sees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from app.bus.together import Together
from app.database import Database
from app.errors import IllegalTransition, OfferGone
from interactions.agents import offers
from interactions.life.policies import PolicyBook
from models.offer import Offer

log = structlog.get_logger()

AT_ONCE_MAX: Final = 500
GAP_SECONDS: Final = 0.05
"""Nobody waits for a confirmation: the offer has its whole time, and is taken back only after seconds without
one."""


@dataclass(frozen=True, slots=True)
class Shown:
    tenant_id: UUID
    offer_id: UUID
    agent_id: UUID


class ShownOffers:
    """One per api process."""

    def __init__(self, database: Database, policies: PolicyBook) -> None:
        self._database, self._policies = database, policies
        self._together: Together[Shown, None] = Together(
            self._write, most=AT_ONCE_MAX, gap_seconds=GAP_SECONDS
        )

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
                taken = await Offer.mark_shown(session, agents)
            for offer_id in taken:
                await self._accept(tenant_id, offer_id, agents[offer_id])
        return [None] * len(items)

    async def _accept(self, tenant_id: UUID, offer_id: UUID, agent_id: UUID) -> None:
        """In a transaction of its own: it locks more than the offer."""
        try:
            async with self._database.transaction(tenant_id) as session:
                await offers.accept(session, tenant_id, offer_id, agent_id, self._policies)
        except (OfferGone, IllegalTransition) as gone:
            log.info("an offer ended before it was accepted", offer=str(offer_id), why=str(gone))
