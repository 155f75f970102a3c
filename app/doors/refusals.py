"""Webhooks with a wrong signature, added up in memory and written down every few seconds: whoever floods
a door costs us a number."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import structlog

from app.clock import Clock, rfc3339
from app.database import Database
from models.refusal import Refusal

log = structlog.get_logger()

WRITE_SECONDS: Final = 5.0

Refused = tuple[UUID, UUID, datetime]
"""(tenant, endpoint, minute)."""


class Refusals:
    """One per api process; it holds a number for each endpoint and minute."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._count: Counter[Refused] = Counter()

    def add(self, tenant_id: UUID, endpoint_id: UUID, at: datetime) -> None:
        self._count[tenant_id, endpoint_id, at.replace(second=0, microsecond=0)] += 1

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(WRITE_SECONDS)
            await self.write()

    async def write(self) -> None:
        """What has been added up so far. While the database is away it is kept."""
        taken, self._count = self._count, Counter()
        for tenant_id, rows in groupby(sorted(taken), key=lambda key: key[0]):
            keys = list(rows)
            try:
                async with self._database.transaction(tenant_id) as session:
                    await Refusal.add(session, list(_rows(keys, taken)))
            except Exception as error:  # the outer shell: the next time is another chance
                log.warning("refused webhooks not written down", error=repr(error)[:200])
                self._count.update({key: taken[key] for key in keys})


def _rows(keys: list[Refused], count: Counter[Refused]) -> Iterator[dict[str, Any]]:
    for tenant_id, endpoint_id, minute in keys:
        yield {
            "tenant_id": str(tenant_id),
            "endpoint_id": str(endpoint_id),
            "minute": rfc3339(minute),
            "refused": count[tenant_id, endpoint_id, minute],
        }
