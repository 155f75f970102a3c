"""The wait that the next arrival of each queue may expect, from who waits and how fast work gets done."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from insights.figures import Entry
from interactions.life.pace import Pace, Paces
from routing.estimate import Estimate
from routing.policy import CHANNELS, SECOND, Queue


def next_arrivals(
    queue: Queue, waiting: Sequence[Entry], entries: Iterable[Entry], paces: Paces
) -> dict[str, Any]:
    """`estimated_wait_by_channel` for each channel by which something came or waits (nothing did: for which
    the set-up expects a handling time), and `estimated_wait_seconds`, that of the channel that has one by
    which most came.

    `waiting` and `entries` are the queue's."""
    came = Counter(entry.channel for entry in (*entries, *waiting))
    used = [name for name in CHANNELS if came[name]] or _expected(queue)
    found = {name: out(_next(queue, name, waiting, paces)) for name in used}
    usual = max(used, key=lambda name: (found[name] is not None, came[name]), default="")
    return {"estimated_wait_seconds": found.get(usual), "estimated_wait_by_channel": found}


def out(found: Estimate | None) -> dict[str, float] | None:
    """As the api says it, in seconds."""
    return None if found is None else {"p50": found.p50_us / SECOND, "p90": found.p90_us / SECOND}


def _expected(queue: Queue) -> list[str]:
    return [name for name in CHANNELS if queue.channels[name].expected_handle_us is not None]


def _next(queue: Queue, channel: str, waiting: Iterable[Entry], paces: Paces) -> Estimate | None:
    """Of the place behind all who wait and are not of a later service class."""
    live = queue.channels[channel].live
    ahead = sum(1 for entry in waiting if queue.channels[entry.channel].live or not live)
    return paces.get((queue.key, channel), Pace()).estimate(ahead + 1)
