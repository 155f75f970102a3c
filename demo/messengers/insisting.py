"""Platforms that post again until we have taken it; in the end they give up, as real ones do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import httpx
import structlog

log = structlog.get_logger()

RETRY_SECONDS: Final = (0.5, 1, 2, 5, 10, 10, 10, 10)


async def insist(taken: Callable[[], Awaitable[bool]], who: str) -> None:
    for wait in RETRY_SECONDS:
        try:
            if await taken():
                return
        except httpx.HTTPError as error:
            log.info("a webhook waits", platform=who, error=str(error))
        await asyncio.sleep(wait)
