"""Who waits in a queue, in the order in which the router would serve them if anybody could."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from insights.estimates import out
from interactions.life.pace import Pace, Paces
from interactions.life.policies import PolicyBook
from interactions.life.serving import age_seconds, places, score_seconds
from interactions.life.views import interaction_summary
from interactions.life.work import Work
from models.customer import ContactAddress, Customer
from models.endpoint import Endpoint
from models.interaction import WAITING, Interaction, State
from models.leg import Leg, LegState


async def waiting_list(
    session: AsyncSession, policies: PolicyBook, paces: Paces, tenant_id: UUID, queue: str, now: datetime
) -> list[dict[str, Any]]:
    """Each with its score in seconds, the wait that its place makes likely, customer, address, endpoint."""
    theirs = func.coalesce(Interaction.picked_customer_id, Interaction.customer_id)
    rows = await session.execute(
        select(Interaction, Customer.name, ContactAddress, Endpoint.key, Endpoint.adapter)
        .outerjoin(ContactAddress, ContactAddress.id == Interaction.address_id)
        .outerjoin(Customer, Customer.id == theirs)
        .outerjoin(Endpoint, Endpoint.id == Interaction.endpoint_id)
        .where(Interaction.queue == queue, Interaction.state.in_(WAITING))
    )
    found = {row[0].id: row for row in rows}
    legs = await _legs(session, list(found))
    policy = await policies.current(session, tenant_id)
    items = []
    for id_, place in places(policy, (row[0] for row in found.values()), now).items():
        x, name, address, endpoint, adapter = found[id_]
        pace = paces.get((queue, x.channel), Pace())
        items.append(
            {"position": place.position}
            | interaction_summary(Work(x, {}, now, legs=legs.get(id_, [])))
            | {
                "customer_name": name,
                "address": None if address is None else {"kind": address.kind, "value": address.value},
                "endpoint": None if endpoint is None else {"key": endpoint, "adapter": adapter},
                "waited_seconds": _waited(x, now),
                "age_seconds": age_seconds(x, now),
                "score_seconds": score_seconds(policy, x, now),
                "estimated_wait_seconds": out(pace.estimate(place.turn)) if x.state == State.QUEUED else None,
            }
        )
    return items


async def _legs(session: AsyncSession, ids: list[UUID]) -> dict[UUID, list[Leg]]:
    legs: dict[UUID, list[Leg]] = {}
    rows = await session.scalars(select(Leg).where(Leg.interaction_id.in_(ids), Leg.state != LegState.ENDED))
    for leg in rows:
        legs.setdefault(leg.interaction_id, []).append(leg)
    return legs


def _waited(x: Interaction, now: datetime) -> float | None:
    return None if x.queue_entered_at is None else (now - x.queue_entered_at).total_seconds()
