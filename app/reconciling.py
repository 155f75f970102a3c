"""Asks platforms again for what they hold, so that a lost webhook is made good: every `fetch_seconds` of an
endpoint whose adapter `Fetches` (of one that takes orders about calls: every `live_calls_seconds`), counted
from whatever made us ask last."""

from typing import Final

import structlog

from app.clock import Clock, new_id
from app.database import Database
from app.endpoints import Endpoints
from channels.abilities import CommandsInSteps, Fetches
from channels.base import ChannelAdapter
from models.delivery import Delivery

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0


async def keep_reconciling(
    database: Database, endpoints: Endpoints, clock: Clock, live_calls_seconds: float
) -> None:
    """Until cancelled; any number of workers may do it at once."""
    while True:
        try:
            await reconcile(database, endpoints, live_calls_seconds)
        except Exception as error:  # the outer shell: the next look is another chance
            log.warning("platforms not asked again", error=repr(error)[:200])
        await clock.sleep(min(LOOK_SECONDS, live_calls_seconds))


async def reconcile(database: Database, endpoints: Endpoints, live_calls_seconds: float) -> None:
    """One look: what is due is asked for, once."""
    rows = [
        {
            "id": str(new_id()),
            "tenant_id": str(known.tenant_id),
            "endpoint_id": str(known.id),
            "seconds": live_calls_seconds if _takes_orders(known.adapter) else known.adapter.fetch_seconds,
        }
        for known in endpoints.all()
        if isinstance(known.adapter, Fetches) and known.adapter.fetch_seconds is not None
    ]
    if rows:
        async with database.transaction() as session:
            await Delivery.fetch_again(session, rows)


def _takes_orders(adapter: ChannelAdapter) -> bool:
    return isinstance(adapter, CommandsInSteps) and adapter.controls_calls
