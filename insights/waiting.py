"""Who waits in a queue, in the order in which the router would serve them if anybody could."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from interactions.facts import microseconds
from interactions.policies import PolicyBook
from interactions.views import interaction_summary
from interactions.work import Work
from models.customer import ContactAddress, Customer
from models.interaction import Interaction, State
from models.leg import Leg, LegState

WAITING = (State.QUEUED, State.OFFERED, State.CONNECTING, State.CALLBACK_WAITING)


async def waiting_list(
    session: AsyncSession, policies: PolicyBook, tenant_id: UUID, queue: str, now: datetime
) -> list[dict[str, Any]]:
    """Longest age plus head start first; each with its score in seconds, customer and address."""
    rows = await session.execute(
        select(Interaction, Customer.name, ContactAddress)
        .outerjoin(ContactAddress, ContactAddress.id == Interaction.address_id)
        .outerjoin(Customer, Customer.id == Interaction.customer_id)
        .where(Interaction.queue == queue, Interaction.state.in_(WAITING))
    )
    found = rows.all()
    legs = await _legs(session, [x.id for x, _, _ in found])
    items = []
    for x, name, address in found:
        policy = await policies.version(session, tenant_id, x.policy_version)
        age = _age_seconds(x, now)
        items.append(
            interaction_summary(Work(x, {}, now, legs=legs.get(x.id, [])))
            | {
                "customer_name": name,
                "address": None if address is None else {"kind": address.kind, "value": address.value},
                "waited_seconds": _waited(x, now),
                "age_seconds": age,
                "score_seconds": age + policy.head_start_seconds(x),
            }
        )
    items.sort(key=lambda item: (-item["score_seconds"], item["id"]))
    return [{"position": place, **item} for place, item in enumerate(items, start=1)]


async def _legs(session: AsyncSession, ids: list[UUID]) -> dict[UUID, list[Leg]]:
    legs: dict[UUID, list[Leg]] = {}
    rows = await session.scalars(select(Leg).where(Leg.interaction_id.in_(ids), Leg.state != LegState.ENDED))
    for leg in rows:
        legs.setdefault(leg.interaction_id, []).append(leg)
    return legs


def _age_seconds(x: Interaction, now: datetime) -> float:
    running = microseconds(now) - microseconds(x.waiting_since) if x.waiting_since else 0
    return (x.age_us + running) / 1_000_000


def _waited(x: Interaction, now: datetime) -> float | None:
    return None if x.queue_entered_at is None else (now - x.queue_entered_at).total_seconds()
