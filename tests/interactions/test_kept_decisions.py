"""Why an agent got an offer is kept for ninety days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.clock import id_at
from app.database import WORKER_ROLE, Database
from app.housekeeping import tidy_journal
from models.offer import Decision
from tests.interactions.office import Office


async def test_ninety_days_of_decisions_are_kept(office: Office, database_url: str) -> None:
    made = {}
    for days in (91, 89):
        await office.offered()
        offer = (await office.rows("SELECT max(id::text)::uuid FROM offer"))[0][0]
        at = datetime.now(UTC) - timedelta(days=days)
        decision = Decision(
            id=id_at(at), tenant_id=office.tenant.id, offer_id=offer, interaction_id=offer, policy_version=1,
            decided_at=at, document={},
        )  # fmt: skip
        made[days] = decision.id
        async with office.container.database.transaction(office.tenant.id) as session:
            session.add(decision)
    await office.container.endpoints.refresh()
    worker = Database(database_url, WORKER_ROLE, pool_size=2)
    await tidy_journal(replace(office.container, database=worker))
    await worker.close()
    assert [row[0] for row in await office.rows("SELECT id FROM decision")] == [made[89]]
