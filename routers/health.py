"""Whether this process lives, whether it can serve, and what it counts."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from fastapi import Response
from sqlalchemy import text

from app.database import OUTAGES
from app.errors import Unavailable
from app.problems import problems
from app.telemetry import metrics
from insights.vitals_metrics import refresh
from routers.deps import Open, Services, api_router

DATABASE_SECONDS: Final = 3.0

router = api_router("", Open("probes and scrapers have no token"), tags=["operation"])


@router.get("/healthz")
async def alive() -> dict[str, Any]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=problems(Unavailable))
async def ready(container: Services) -> dict[str, Any]:
    """Whether to send requests here: the database answers, or, with Kafka, the doors take them without it."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS), container.database.read() as session:
            await session.execute(text("SELECT 1"))
    except OUTAGES as error:
        if container.settings.kafka_bootstrap_servers is None:
            raise Unavailable("The database does not answer.", retry_after_seconds=2) from error
        return {"status": "degraded", "database": "away"}
    return {"status": "ok"}


@router.get("/metrics", include_in_schema=False)
async def scrape(container: Services) -> Response:
    """Prometheus's text format. While the database is away, what it said last."""
    with suppress(*OUTAGES):
        async with asyncio.timeout(DATABASE_SECONDS), container.database.read() as session:
            await refresh(session)
    content, media_type = metrics()
    return Response(content, media_type=media_type)
