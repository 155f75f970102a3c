"""Asks platforms again for what they hold, so that a lost webhook is made good: every `fetch_seconds` of an
endpoint whose adapter `Fetches`, counted from whatever made us ask last."""

from typing import Final

import structlog

from app.clock import Clock, new_id
from app.database import Database
from app.endpoints import Endpoints
from channels.abilities import Fetches
from models.delivery import Delivery

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0


async def keep_reconciling(database: Database, endpoints: Endpoints, clock: Clock) -> None:
    """Until cancelled; any number of workers may do it at once."""
    while True:
        try:
            await reconcile(database, endpoints)
        except Exception as error:  # the outer shell: the next look is another chance
            log.warning("platforms not asked again", error=repr(error)[:200])
        await clock.sleep(LOOK_SECONDS)


async def reconcile(database: Database, endpoints: Endpoints) -> None:
    """One look: what is due is asked for, once."""
    rows = [
        {
            "id": str(new_id()),
            "tenant_id": str(known.tenant_id),
            "endpoint_id": str(known.id),
            "seconds": known.adapter.fetch_seconds,
        }
        for known in endpoints.all()
        if isinstance(known.adapter, Fetches) and known.adapter.fetch_seconds is not None
    ]
    if rows:
        async with database.transaction() as session:
            await Delivery.fetch_again(session, rows)
