"""Waiting in tests: for a condition, with a deadline; never for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(probe: Callable[[], T | Awaitable[T]], *, seconds: float = 10) -> T:
    """The probe's first truthy answer. Fails with its last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        answer: T = await found if inspect.isawaitable(found) else found
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s; last answer: {answer!r}"
        await asyncio.sleep(0.02)
