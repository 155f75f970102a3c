"""Time and ids. Deciding times come from the database; this clock is for leases, retries and tests."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import uuid_utils


class Clock(Protocol):
    """What the shells know of time; tests pass one that they move themselves."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float:
        """Seconds; only differences mean anything."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def new_id() -> UUID:
    """A UUIDv7: sorts by creation."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def id_at(at: datetime) -> UUID:
    """Not above any `new_id` made since `at`: what has ids is old by its ids alone."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def rfc3339(at: datetime | None) -> str | None:
    """In UTC with milliseconds, as all our JSON has it."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
