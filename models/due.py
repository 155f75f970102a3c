"""What has become due by the state of the rows, over all tenants of one worker in one statement: functions
of the migrations (`due_work`, `drained_work`), since row-level security hides tenants from other code."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Kind = Literal[
    "undelivered",
    "lease",
    "wrap_up",
    "parked",
    "silence",
    "visitor_gone",
    "pending",
    "live_calls",
    "drained",
    "call",
    "callback",
    "interruption",
    "quiet",
    "reply_over",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each state may last, in seconds (SEMANTICS §1.1–1.3)."""

    undelivered_seconds: float = 3
    undelivered_skip_seconds: float = 30
    silence_warn_seconds: float = 180
    silence_close_seconds: float = 600
    disconnect_grace_seconds: float = 90
    live_calls_seconds: float = 60
    messaging_park_seconds: float = 1800


class Due(NamedTuple):
    """`id` is an agent's for `lease`, an endpoint's for `live_calls`, else an interaction's."""

    tenant_id: UUID
    kind: Kind
    id: UUID


class Drained(NamedTuple):
    """A queue closed for its `drain_seconds`: who waits in it on these channels since `before` is to go."""

    tenant_id: UUID
    queue: str
    channels: tuple[str, ...]
    before: datetime


_FIND = text(
    """
    SELECT tenant_id, kind, id FROM due_work(:tenants, :undelivered, :warn, :close, :gone, :calls)
    UNION ALL SELECT tenant_id, kind, id FROM drained_work(
      CAST(:drained_tenants AS uuid[]), CAST(:drained_queues AS text[]), CAST(:drained_channels AS text[]),
      CAST(:drained_before AS timestamptz[]))
    UNION ALL SELECT tenant_id, kind, id FROM due_calls(:tenants)
    UNION ALL SELECT tenant_id, kind, id FROM due_callbacks(:tenants)
    UNION ALL SELECT tenant_id, kind, id FROM due_interruptions(:tenants)
    UNION ALL SELECT tenant_id, kind, id FROM due_messaging(:tenants, :quiet)
    """
)


async def find_due(
    session: AsyncSession, tenant_ids: Collection[UUID], limits: Limits, drained: Collection[Drained] = ()
) -> list[Due]:
    """Everything that is due for these tenants now; `drained`: their queues past closing time."""
    gone = [(queue, channel) for queue in drained for channel in queue.channels]
    row = {
        "tenants": list(tenant_ids),
        "undelivered": limits.undelivered_seconds,
        "warn": limits.silence_warn_seconds,
        "close": limits.silence_close_seconds,
        "gone": limits.disconnect_grace_seconds,
        "calls": limits.live_calls_seconds,
        "quiet": limits.messaging_park_seconds,
        "drained_tenants": [queue.tenant_id for queue, _ in gone],
        "drained_queues": [queue.queue for queue, _ in gone],
        "drained_channels": [channel for _, channel in gone],
        "drained_before": [queue.before for queue, _ in gone],
    }
    return [Due(*found) for found in await session.execute(_FIND, row)]
