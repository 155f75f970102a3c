"""The order in which a queue's work is served (SEMANTICS §1.5, step 1), read from rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from interactions.facts import microseconds
from interactions.policies import TenantPolicy
from models.interaction import Interaction, State
from routing.policy import SECOND


class Place(NamedTuple):
    """`position` counts all who wait, from 1 on; `turn` only those whom no agent has been found for yet: so
    many completions it takes until its own."""

    position: int
    turn: int


def age_seconds(x: Interaction, now: datetime) -> float:
    running = microseconds(now) - microseconds(x.waiting_since) if x.waiting_since else 0
    return (x.age_us + running) / SECOND


def score_seconds(policy: TenantPolicy, x: Interaction, now: datetime) -> float:
    """Age + head start: what urgency goes by."""
    return age_seconds(x, now) + policy.head_start_seconds(x)


def places(policy: TenantPolicy, waiting: Iterable[Interaction], now: datetime) -> Mapping[UUID, Place]:
    """Of all that waits in one queue, first first."""
    found: dict[UUID, Place] = {}
    turn = 1
    for position, x in enumerate(sorted(waiting, key=lambda x: _key(policy, x, now)), start=1):
        found[x.id] = Place(position, turn)
        turn += x.state == State.QUEUED
    return found


def _key(policy: TenantPolicy, x: Interaction, now: datetime) -> tuple[int, int, float, str]:
    """Live before deferred, the overdue first, then the higher score, then the id."""
    queue = policy.policy.queues.get(x.queue)
    live = queue is None or queue.channels[x.channel].live
    promise = policy.policy.tier(x.tier).promise(x.channel, live)
    waited = microseconds(now) - microseconds(x.queue_entered_at) if x.queue_entered_at else 0
    is_overdue = promise is not None and waited >= promise
    return 0 if live else 1, 0 if is_overdue else 1, -score_seconds(policy, x, now), str(x.id)
