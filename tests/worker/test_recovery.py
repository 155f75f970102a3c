"""Workers that start, fail, freeze and take over; and how many statements a batch costs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.consumer import ConsumerRunner
from app.database import Database
from app.events import Envelope, partition_of
from models.interaction import State
from models.journal import RoutingJournal
from models.leg import LIVE, Leg
from models.offer import Offer, OfferState
from routing.worker import RoutingWorker
from tests.waiting import eventually
from tests.worker.center import Center


class FailingOnce(RoutingWorker):
    """Loses its database after everything of the batch was decided and written."""

    failed = False

    async def apply(self, batch: Sequence[Envelope], prepared: Sequence[Any], session: AsyncSession) -> None:
        await super().apply(batch, prepared, session)
        if not self.failed:
            self.failed = True
            raise OSError("the database is away")


async def rows_of(center: Center, interaction_id: UUID) -> tuple[int, int]:
    """Open offers, live legs."""
    offers = select(Offer).where(Offer.interaction_id == interaction_id, Offer.state == OfferState.OPEN)
    legs = select(Leg).where(Leg.interaction_id == interaction_id, Leg.state.in_(LIVE))
    return len(await center.rows(offers)), len(await center.rows(legs))


class TestRollback:
    async def test_the_engine_is_built_anew_and_decides_again(self, center: Center) -> None:
        await center.sign_in("li")
        waiting = await center.queue()
        routing = FailingOnce(center.policies, center.timers(), center.watch(), center.clock)
        async with center.routed(routing):
            await center.queue("voice")
            await center.offered(waiting, "li")
            assert routing.failed
            assert await rows_of(center, waiting) == (1, 1)
            assert (await center.agent("li")).units_held == 33


class TestTakeOver:
    async def test_another_worker_goes_on_where_the_first_stopped(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            first = await center.offered(await center.queue())
        second = await center.queue()
        async with center.routed():
            await center.offered(second, "li")
            assert [o.id for o in await center.open_offers(first.interaction_id)] == [first.id]

    async def test_a_frozen_worker_that_wakes_writes_nothing(self, center: Center) -> None:
        """Its epoch is gone: not even a decision that it makes from its old memory is applied."""
        await center.sign_in("li")
        frozen = center.routing()
        partition = partition_of(str(center.tenant_id))
        async with center.routed(frozen) as runner:
            await eventually(lambda: frozen.next_wake(partition) not in (None, 0.0))
            await self._take(center, partition)
            waiting = await center.queue()
            await eventually(lambda: partition not in self._remembering(frozen), seconds=10)
            assert await rows_of(center, waiting) == (0, 0)
            assert partition in runner.partitions
            # It is told nothing else: nobody else runs, so it takes the partition back, under a new epoch.
            await center.offered(waiting, "li", seconds=20)
            assert await rows_of(center, waiting) == (1, 1)

    async def _take(self, center: Center, partition: int) -> None:
        async with center.worker.transaction() as session:
            await session.execute(
                text(
                    "UPDATE partition_owner SET epoch = epoch + 1, owner = gen_random_uuid()"
                    " WHERE consumer = 'routing' AND partition = :partition"
                ),
                {"partition": partition},
            )

    def _remembering(self, routing: RoutingWorker) -> set[int]:
        return {p for p in range(32) if routing.next_wake(p) is not None}

    async def test_two_workers_share_and_one_takes_all_when_the_other_ends(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed() as first:
            second = ConsumerRunner(center.worker, center.log, center.routing(), center.sealer)
            await second.start()
            await eventually(lambda: len(second.partitions) == len(first.partitions) == 16)
            waiting = await center.queue()
            await center.offered(waiting, "li")
            await second.stop()
            await eventually(lambda: len(first.partitions) == 32)
            await center.work(waiting, lambda work: work.customer_left())
            await center.offered(await center.queue(), "li")


class TestJournal:
    async def test_it_holds_what_a_replay_needs(self, center: Center) -> None:
        await center.sign_in("li")
        async with center.routed():
            offer = await center.offered(await center.queue())
        rows = await center.rows(select(RoutingJournal).order_by(RoutingJournal.position))
        assert rows[0].kind == "rebuild"
        assert rows[0].document["policy_version"] == 1
        agents = [e["agent"]["key"] for e in rows[0].document["events"] if "agent" in e]
        assert sorted(agents) == ["han@acme.test", "li@acme.test", "wang@acme.test"]
        [decision] = [d for row in rows for d in row.document["decisions"] if d["kind"] == "offer"]
        assert decision["interaction"] == str(offer.interaction_id)
        assert [row.now_us for row in rows] == sorted(row.now_us for row in rows)


class TestStatements:
    async def test_ten_offers_cost_as_many_statements_as_one(self, center: Center) -> None:
        """Nothing on the way from a fact to an offer is done one by one."""
        async with center.api.transaction(center.tenant_id) as session:
            await session.execute(text("UPDATE agent SET units_max = 2000"))
        await center.sign_in("li")
        await self._cost_of(center, 1)  # reads the policy, which is kept
        one = await self._cost_of(center, 1)
        assert one < 40
        assert await self._cost_of(center, 10) == one

    async def _cost_of(self, center: Center, number: int) -> int:
        """Statements of a worker that starts, finds so many waiting and offers them."""
        waiting = [await center.queue() for _ in range(number)]
        routing, partition = center.routing(), partition_of(str(center.tenant_id))
        await routing.assigned(partition, 1)
        with counting(center.worker) as statements:
            await routing.tick(partition, center.worker.transaction)
        for interaction_id in waiting:
            await center.offered(interaction_id, "li")
        return len(statements)


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements that the database is sent meanwhile."""
    statements: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", heard)


async def test_work_that_ended_while_nobody_routed_is_not_offered(center: Center) -> None:
    await center.sign_in("li")
    waiting = await center.queue()
    await center.work(waiting, lambda work: work.customer_left())
    other = await center.queue()
    async with center.routed():
        await center.offered(other, "li")
        assert await rows_of(center, waiting) == (0, 0)


async def test_a_fact_that_repeats_changes_nothing(center: Center) -> None:
    await center.sign_in("li")
    async with center.routed():
        offer = await center.offered(await center.queue())
        async with center.worker.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO event_log (stream, partition, key, id, tenant_id, type, source, at, data)"
                    " SELECT stream, partition, key, gen_random_uuid(), tenant_id, type, source, at, data"
                    " FROM event_log WHERE stream = 'routing'"
                )
            )
        await center.queue("voice")  # wakes the worker
        again = await center.offered(await center.queue(), "li")
        assert again.id != offer.id
        assert await rows_of(center, offer.interaction_id) == (1, 1)
        x = await center.interaction(offer.interaction_id)
        assert x.state == State.OFFERED
