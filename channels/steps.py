"""Runs what takes several requests (`channels.abilities.Steps`): each request becomes an exchange, its answer
goes back in."""

from collections.abc import Awaitable, Callable
from typing import cast

from channels.abilities import Steps, T
from channels.base import MailEnvelope, WireRequest, WireResponse

Exchange = Callable[[WireRequest | MailEnvelope], Awaitable[WireResponse]]
"""One request and its answer. Raises NotReached, NotAllowed."""


async def run_steps(steps: Steps[T], exchange: Exchange) -> T:
    """The result; what the steps raise, and what `exchange` does."""
    try:
        request = next(steps)
        while True:
            request = steps.send(await exchange(request))
    except StopIteration as ended:
        return cast(T, ended.value)
    finally:
        steps.close()
