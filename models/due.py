"""What has become due by the state of the rows, over all tenants of one worker in one statement: the function
`due_work` of migration 0002, since row-level security hides several tenants from any other code."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Kind = Literal[
    "undelivered", "lease", "wrap_up", "parked", "silence", "visitor_gone", "pending", "live_calls"
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


class Due(NamedTuple):
    """`id` is an agent's for `lease`, an endpoint's for `live_calls`, else an interaction's."""

    tenant_id: UUID
    kind: Kind
    id: UUID


_FIND = text("SELECT tenant_id, kind, id FROM due_work(:tenants, :undelivered, :warn, :close, :gone, :calls)")


async def find_due(session: AsyncSession, tenant_ids: Collection[UUID], limits: Limits) -> list[Due]:
    """Everything that is due for these tenants now."""
    row = {
        "tenants": list(tenant_ids),
        "undelivered": limits.undelivered_seconds,
        "warn": limits.silence_warn_seconds,
        "close": limits.silence_close_seconds,
        "gone": limits.disconnect_grace_seconds,
        "calls": limits.live_calls_seconds,
    }
    return [Due(*found) for found in await session.execute(_FIND, row)]
