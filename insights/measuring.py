"""What the engine is told of its queues from time to time, for estimates and lending: handling times as they
are measured, and the service level of the last minutes where lending goes by it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from insights.figures import Entry, service_level
from interactions.life.pace import Pace, Paces
from routing.policy import Policy, Queue
from routing.state import QueueMeasured

RECENT: Final = timedelta(minutes=15)

HANDLE_STEP: Final = 0.05
LEVEL_STEP_PPM: Final = 10_000
"""What moves less is not told anew: each telling is an input that the journal keeps."""


def lending_by_level(policy: Policy) -> list[str]:
    """The queues whose lending asks for the service level."""
    return [
        key
        for key, queue in policy.queues.items()
        if any(lending.when == "service_level" for lending in queue.lendings)
    ]


def measure(policy: Policy, paces: Paces, recent: Iterable[Entry], now: datetime) -> list[QueueMeasured]:
    """Of every queue; `recent`: the entries of the last `RECENT` of those that `lending_by_level` names."""
    entries: dict[str, list[Entry]] = {}
    for entry in recent:
        entries.setdefault(entry.queue, []).append(entry)
    return [
        QueueMeasured(key, _level_ppm(entries.get(key, ()), now), _handle_us(queue, paces))
        for key, queue in policy.queues.items()
    ]


def news(found: Iterable[QueueMeasured], told: Mapping[str, QueueMeasured]) -> list[QueueMeasured]:
    """What differs from what was told last by as much as matters."""
    unknown = QueueMeasured("")
    return [one for one in found if _differs(one, told.get(one.queue, unknown))]


def _level_ppm(entries: Sequence[Entry], now: datetime) -> int | None:
    """As the wallboard shows it; None where there is nothing to measure."""
    in_time, counted = service_level(entries, now)
    return round(in_time * 1_000_000 / counted) if counted else None


def _handle_us(queue: Queue, paces: Paces) -> dict[str, int]:
    """Measured ones alone: the engine knows what the set-up expects."""
    found = {channel: paces.get((queue.key, channel), Pace()).handle_us for channel in queue.channels}
    return {
        channel: handle_us
        for channel, handle_us in found.items()
        if handle_us and handle_us != queue.channels[channel].expected_handle_us
    }


def _differs(one: QueueMeasured, before: QueueMeasured) -> bool:
    level, known = one.service_level_ppm, before.service_level_ppm
    if (level is None) != (known is None) or abs((level or 0) - (known or 0)) >= LEVEL_STEP_PPM:
        return True
    if one.handle_us.keys() != before.handle_us.keys():
        return True
    return any(
        abs(handle_us - before.handle_us[channel]) >= HANDLE_STEP * before.handle_us[channel]
        for channel, handle_us in one.handle_us.items()
    )
