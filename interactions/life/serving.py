"""The order in which a queue's work is served (SEMANTICS §1.5, step 1), read from rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from interactions.life.facts import microseconds
from interactions.life.policies import TenantPolicy
from models.interaction import Interaction, State
from routing.policy import BUSINESS_TIME_CHANNELS, SECOND, Policy, Queue


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


def _key(policy: TenantPolicy, x: Interaction, now: datetime) -> tuple[int, int, int, float, str]:
    """Live before deferred, the overdue first, then the place of the tier where the order is strict, then the
    higher score (strict: age), then the id."""
    queue = policy.policy.queues.get(x.queue)
    if queue is None:
        return 0, 1, 0, -score_seconds(policy, x, now), str(x.id)
    late = 0 if _is_overdue(policy.policy, queue, x, now) else 1
    deferred = 0 if queue.channels[x.channel].live else 1
    if queue.is_strict:
        return deferred, late, policy.policy.tier_place(x.tier), -age_seconds(x, now), str(x.id)
    return deferred, late, 0, -score_seconds(policy, x, now), str(x.id)


def _is_overdue(policy: Policy, queue: Queue, x: Interaction, now: datetime) -> bool:
    """Whether it has waited here for what its tier promises, mail and tasks within the queue's hours, or its
    reply window ends soon."""
    if x.reply_due_at is not None and x.reply_due_at <= now:
        return True
    promise_us = policy.tier(x.tier).promise(x.channel, queue.channels[x.channel].live)
    if promise_us is None or x.queue_entered_at is None:
        return False
    entered = microseconds(x.queue_entered_at)
    hours = policy.calendars.get(queue.hours or "") if x.channel in BUSINESS_TIME_CHANNELS else None
    overdue_at = entered + promise_us if hours is None else hours.add(entered, promise_us)
    return overdue_at is not None and microseconds(now) >= overdue_at
