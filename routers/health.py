"""Whether this process lives, whether it can serve, and what it counts."""

from typing import Any

from fastapi import Response
from sqlalchemy import text

from app.telemetry import metrics
from routers.deps import Open, Services, api_router

router = api_router("", Open("probes and scrapers have no token"), tags=["operation"])


@router.get("/healthz")
async def alive() -> dict[str, Any]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(container: Services) -> dict[str, Any]:
    """The database answers too; 503 while it does not."""
    async with container.database.read() as session:
        await session.execute(text("SELECT 1"))
    return {"status": "ok"}


@router.get("/metrics", include_in_schema=False)
async def scrape() -> Response:
    """Prometheus's text format."""
    content, media_type = metrics()
    return Response(content, media_type=media_type)
