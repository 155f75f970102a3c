"""What every log does. `test_postgres_log.py` and `test_kafka_log.py` run these classes on theirs."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest

from app.bus.cursor import dump
from app.bus.outbox import append
from app.bus.port import Log, Position, Seen, Transaction
from app.bus.tail import BACKLOG_MAX, Following, Tail
from app.database import API_ROLE, Database
from app.errors import CursorGone, StaleEpoch, Unavailable
from app.events import PARTITIONS, Envelope, QueueChanged, Stream
from models.log import PartitionOwner
from tests.contracts.world import (
    TENANT,
    ReadByAll,
    Recorder,
    VersionRecorder,
    World,
    by_key,
    change,
    event,
    events,
    keys_of_partition,
)
from tests.waiting import eventually


class Publishing:
    async def test_what_was_acknowledged_is_applied_once_in_order_of_its_key(self, world: World) -> None:
        log = await world.log()
        sent = events(400)
        await asyncio.gather(*(log.publish([e]) for e in sent[:100]))
        await log.publish(sent[100:250])
        await world.run(Recorder())
        await log.publish(sent[250:])
        await eventually(world.holds(400), seconds=30)
        applied = await world.applied()
        assert sorted(e for _, e in applied) == sorted(e.id for e in sent)
        expected = by_key([(e.key, e.id) for e in sent[100:]])
        later = set().union(*expected.values())
        assert by_key([pair for pair in applied if pair[1] in later]) == expected

    async def test_every_field_arrives_as_it_was_sent(self, world: World) -> None:
        class Keeper(Recorder):
            seen: list = []

            async def prepare(self, batch):
                self.seen.extend(batch)
                return await super().prepare(batch)

        keeper = Keeper()
        log = await world.log()
        sent = event("客户/1", '{"text":"你好"}'.encode(), subject="touch/1")
        await log.publish([sent])
        await world.run(keeper)
        await eventually(lambda: keeper.seen)
        [got] = keeper.seen
        assert {n: getattr(got, n) for n in sent.__slots__ if n != "position"} == {
            n: getattr(sent, n) for n in sent.__slots__ if n != "position"
        }

    async def test_a_waiting_consumer_is_woken_at_once(self, world: World) -> None:
        log = await world.log()
        runner = await world.run(Recorder())
        await eventually(lambda: len(runner.partitions) == PARTITIONS)
        for number in range(20):
            await log.publish([event("one")])
            await eventually(world.holds(number + 1), seconds=0.9)


class Appending:
    async def test_long_transactions_neither_hide_nor_reorder_versions(self, world: World) -> None:
        """Positions and transaction ids are taken long before their commits: both orders would lie."""
        database = await world.database()
        await world.log(database)
        await world.run(VersionRecorder())
        dice = random.Random(7)

        async def write(writer: int) -> None:
            for _ in range(40):
                await change(database, f"entity-{dice.randrange(6)}", dice.choice((0, 0, 0.001, 0.01, 0.03)))

        await asyncio.gather(*(write(number) for number in range(8)))
        await eventually(world.holds(320), seconds=30)
        versions = await world.versions()
        assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
        assert sum(map(len, versions.values())) == 320

    async def test_an_open_transaction_holds_nobody_up(self, world: World) -> None:
        database = await world.database()
        await world.log(database)
        await world.run(VersionRecorder())
        slow = asyncio.create_task(change(database, "slow", pause=2))
        await change(database, "fast")
        await eventually(world.holds(1), seconds=1.5)
        assert await world.versions() == {"fast": [1]}
        await slow
        await eventually(world.holds(2))

    async def test_what_is_rolled_back_is_never_read(self, world: World) -> None:
        database = await world.database()
        await world.log(database)
        await world.run(VersionRecorder())
        with suppress(ZeroDivisionError):
            async with database.transaction(TENANT) as session:
                append(session, QueueChanged(entity="queue/x", version=1, data={}), key="x")
                await session.flush()
                raise ZeroDivisionError
        await change(database, "y")
        await eventually(world.holds(1))
        assert await world.versions() == {"y": [1]}


class Restarting:
    async def test_a_second_run_goes_on_where_the_first_stopped(self, world: World) -> None:
        log = await world.log()
        first = await world.run(Recorder("first"), batch_max=7)
        sent = events(300)
        await log.publish(sent[:200])
        await eventually(world.holds(50))
        await first.stop()
        await log.publish(sent[200:])
        await world.run(Recorder("second"), batch_max=7)
        await eventually(world.holds(300), seconds=30)
        assert by_key(await world.applied()) == by_key([(e.key, e.id) for e in sent])

    async def test_batches_that_a_limit_cut_lose_and_repeat_nothing(self, world: World) -> None:
        log = await world.log()
        keys = keys_of_partition(3, 5)
        sent = [event(keys[number % 5]) for number in range(101)]
        await log.publish(sent)
        consumer = Recorder()
        await world.run(consumer, batch_max=10)
        await eventually(world.holds(101))
        assert await world.applied_ids() == [e.id for e in sent]
        assert max(map(len, consumer.batches)) <= 10


class Sharing:
    async def test_two_workers_share_and_the_survivor_takes_all(self, world: World) -> None:
        one, two = Recorder("one"), Recorder("two")
        first = await world.run(one)
        await eventually(lambda: len(first.partitions) == PARTITIONS)
        second = await world.run(two)
        await eventually(
            lambda: len(first.partitions) == len(second.partitions) == PARTITIONS // 2, seconds=20
        )
        assert not first.partitions & second.partitions
        log = await world.log()
        sent = events(200, keys=200)
        await log.publish(sent)
        await eventually(world.holds(200))
        assert one.batches and two.batches
        await first.stop()
        await eventually(lambda: len(second.partitions) == PARTITIONS, seconds=20)
        more = events(100, keys=100)
        await log.publish(more)
        await eventually(world.holds(300))
        assert Counter(await world.applied_ids()) == Counter(e.id for e in sent + more)

    async def test_how_many_there_are_stands_beside_the_partitions(self, world: World) -> None:
        database = await world.database()

        async def counted(workers: int) -> bool:
            async with database.read() as session:
                return await PartitionOwner.workers(session) == workers

        assert await counted(0)
        first = await world.run(ReadByAll("one"))
        await eventually(lambda: counted(1), seconds=20)
        second = await world.run(ReadByAll("two"))
        await eventually(lambda: counted(2), seconds=20)
        await first.stop()
        await eventually(lambda: len(second.partitions) == PARTITIONS, seconds=20)
        await eventually(lambda: counted(1), seconds=20)

    async def test_joining_and_leaving_under_load_repeats_nothing(self, world: World) -> None:
        log = await world.log()
        sent = events(600, keys=60)

        async def load() -> None:
            for start in range(0, 600, 20):
                await log.publish(sent[start : start + 20])
                await asyncio.sleep(0.05)

        loading = asyncio.create_task(load())
        first = await world.run(Recorder("first"))
        await eventually(world.holds(40), seconds=20)
        await world.run(Recorder("second"))
        await eventually(world.holds(300), seconds=20)
        await first.stop()
        await loading
        await eventually(world.holds(600), seconds=30)
        assert by_key(await world.applied()) == by_key([(e.key, e.id) for e in sent])


class Fencing:
    async def test_a_killed_workers_partitions_are_taken_over(self, world: World, tmp_path: Path) -> None:
        log = await world.log()
        sent = events(400)
        killed = await world.spawn("killed", tmp_path)
        await log.publish(sent[:200])
        await eventually(world.holds(200), seconds=30)
        await world.run(Recorder("heir"))
        await log.publish(sent[200:300])
        killed.kill()
        await log.publish(sent[300:])
        await eventually(world.holds(400), seconds=20)
        assert by_key(await world.applied()) == by_key([(e.key, e.id) for e in sent])

    async def test_a_worker_frozen_in_a_transaction_is_fenced_when_it_wakes(
        self, world: World, tmp_path: Path
    ) -> None:
        log = await world.log()
        sent = events(300)
        zombie = await world.spawn("zombie", tmp_path)
        await log.publish(sent[:100])
        await eventually(world.holds(100), seconds=30)
        (tmp_path / "hang").touch()
        await log.publish(sent[100:200])
        await eventually((tmp_path / "hanging").exists)
        zombie.send_signal(signal.SIGSTOP)
        (tmp_path / "hang").unlink()
        await world.run(Recorder("heir"))
        await eventually(world.holds(200), seconds=40)
        zombie.send_signal(signal.SIGCONT)
        await log.publish(sent[200:])
        await eventually(world.holds(300), seconds=40)
        assert by_key(await world.applied()) == by_key([(e.key, e.id) for e in sent])
        assert (await world.workers())["zombie"] >= 100

    async def test_a_transaction_under_an_old_epoch_is_refused(self, world: World) -> None:
        await world.log()
        runner = await world.run(Recorder())
        await eventually(lambda: 7 in runner.partitions)
        mine = runner.transaction(7)
        await eventually(lambda: usable(mine))
        await world.owner.execute("UPDATE partition_owner SET epoch = epoch + 1 WHERE partition = 7")
        with pytest.raises(StaleEpoch):
            async with mine(TENANT):
                pass


class Timers:
    async def test_ticks_and_batches_of_a_partition_never_overlap(self, world: World) -> None:
        [key] = keys_of_partition(9, 1)
        ticker = Ticker(9)
        log = await world.log()
        await world.run(ticker)
        for _ in range(30):
            await log.publish([event(key)])
        await eventually(world.holds(30))
        await eventually(lambda: ticker.ticks >= 10)
        assert not ticker.overlapped
        assert ticker.known == {9}

    async def test_memory_is_dropped_and_built_anew_when_a_batch_is_rolled_back(self, world: World) -> None:
        [key] = keys_of_partition(9, 1)
        ticker = Ticker(9)
        log = await world.log()
        await world.run(ticker)
        await eventually(lambda: 9 in ticker.known)
        before = ticker.told.count(("assigned", 9))
        await log.publish([event(key, b"poison")])
        await eventually(world.letters)
        await eventually(lambda: ticker.told.count(("assigned", 9)) > before)
        assert ("dropped", 9) in ticker.told
        await log.publish([event(key)])
        await eventually(world.holds(1))

    async def test_what_is_lost_is_dropped(self, world: World) -> None:
        ticker = Ticker(9)
        runner = await world.run(ticker)
        await eventually(lambda: 9 in ticker.known)
        await runner.stop()
        assert not ticker.known


class Outages:
    async def test_it_is_waited_for_and_nothing_is_parked(self, world: World) -> None:
        log = await world.log()
        moody = Moody(failures=3)
        await log.publish(sent := events(20, keys=1))
        await world.run(moody)
        await eventually(world.holds(20), seconds=20)
        assert await world.applied_ids() == [e.id for e in sent]
        assert moody.failures == 0 and not await world.letters()

    async def test_cut_connections_repeat_nothing(self, world: World) -> None:
        log = await world.log()
        sent = events(600, keys=30)
        await world.run(Recorder(), batch_max=5)
        for start in range(0, 600, 100):
            await log.publish(sent[start : start + 100])
            await eventually(world.holds(start + 20), seconds=30)
            await world.owner.execute(CUT)
            await eventually(lambda: publishes(log))
        await eventually(world.holds(606), seconds=40)
        applied = Counter(await world.applied_ids())
        assert {e.id: applied[e.id] for e in sent} == {e.id: 1 for e in sent}


class Poison:
    async def test_poison_is_parked_and_its_neighbours_applied(self, world: World) -> None:
        log = await world.log()
        [key] = keys_of_partition(5, 1)
        sent = [event(key, b"poison" if number in (3, 17) else b"{}") for number in range(20)]
        await log.publish(sent)
        await world.run(Recorder())
        await eventually(world.holds(18))
        await eventually(world.letters)
        assert await world.applied_ids() == [e.id for n, e in enumerate(sent) if n not in (3, 17)]
        letters = await world.letters()
        assert [letter["key"] for letter in letters] == [key, key]
        assert all(b"sealed:" in letter["raw"] for letter in letters)
        assert "cannot be applied" in letters[0]["error"]

    async def test_a_hundred_in_a_row_stop_the_partition_alone(self, world: World) -> None:
        log = await world.log()
        [bad], [good] = keys_of_partition(5, 1), keys_of_partition(6, 1)
        await log.publish([event(bad, b"poison") for _ in range(120)])
        runner = await world.run(Recorder(), batch_max=50)
        await eventually(lambda: runner.stopped_partitions == {5}, seconds=60)
        assert len(await world.letters()) == 100
        await log.publish([event(good)])
        await eventually(world.holds(1))
        assert len(await world.letters()) == 100


class Tailing:
    async def test_followers_get_their_tenants_events_in_order(self, world: World) -> None:
        database, tail = await tailed(world)
        async with tail.follow(TENANT, ANYWHERE) as following:
            for _ in range(5):
                await change(database, "mine")
            await change(database, "theirs", tenant_id=uuid4())
            await change(database, "mine")
            seen = await taken(following, 6)
        assert versions_of(seen) == [1, 2, 3, 4, 5, 6]

    async def test_a_client_resumes_at_another_process_after_any_event(self, world: World) -> None:
        database, tail = await tailed(world)
        start = tail.cursor
        async with tail.follow(TENANT, ANYWHERE) as following:
            await asyncio.gather(*(change(database, f"k{n % 4}", 0.01 * (n % 3)) for n in range(12)))
            seen = await taken(following, 12)
        _, elsewhere = await tailed(world)
        for number, cursor in enumerate([start, *(one.cursor for one in seen)]):
            page = await elsewhere.read_after(TENANT, cursor)
            assert by_key(keyed(page.seen)) == by_key(keyed(seen[number:]))

    async def test_what_was_missed_comes_before_what_happens_and_nothing_twice(self, world: World) -> None:
        database, tail = await tailed(world)
        cursor = tail.cursor
        await change(database, "k")
        await change(database, "k")
        changing = asyncio.create_task(change(database, "k"))
        async with tail.follow(TENANT, ANYWHERE, cursor) as following:
            await changing
            await change(database, "k")
            seen = await taken(following, 4)
        assert versions_of(seen) == [1, 2, 3, 4]

    async def test_a_follower_hears_what_is_told_at_its_places(self, world: World) -> None:
        database, tail = await tailed(world)
        cursor = tail.cursor
        for key in ("a", "b", "c", "a"):
            await change(database, key)
        async with (
            tail.follow(TENANT, frozenset({"a", "b"}), cursor) as two,
            tail.follow(TENANT, frozenset({"c"}), cursor) as one,
        ):
            assert sorted(keys_of(await taken(two, 3))) == ["a", "a", "b"]
            for key in ("c", "b", "a"):
                await change(database, key)
            assert sorted(keys_of(await taken(two, 2))) == ["a", "b"]
            assert keys_of(await taken(one, 2)) == ["c", "c"]

    async def test_who_moves_hears_the_new_places_from_the_event_on_that_moved_them(
        self, world: World
    ) -> None:
        database, tail = await tailed(world)
        async with (
            tail.follow(TENANT, frozenset({"a"})) as moving,
            tail.follow(TENANT, ANYWHERE) as everything,
        ):
            for key in ("b", "a", "b", "a"):
                await change(database, key)
                await taken(everything, 1)
            [moved_them, _] = await taken(moving, 2)
            await tail.move(moving, frozenset({"b"}), moved_them.cursor)
            assert versions_of(await taken(moving, 1)) == [2]
            for key in ("a", "b"):
                await change(database, key)
            assert versions_of(await taken(moving, 1)) == [3]

    async def test_an_event_that_nobody_can_read_costs_no_follower_the_others(self, world: World) -> None:
        database, tail = await tailed(world)
        cursor = tail.cursor
        for key in ("a", UNREADABLE, "a"):
            await change(database, key)
        async with tail.follow(TENANT, frozenset({"a", UNREADABLE}), cursor) as following:
            assert versions_of(await taken(following, 2)) == [1, 2]
            for key in (UNREADABLE, "a"):
                await change(database, key)
            assert versions_of(await taken(following, 1)) == [3]

    async def test_all_that_is_kept_is_read_page_by_page(self, world: World) -> None:
        database, tail = await tailed(world)
        for _ in range(7):
            await change(database, "k")
        await eventually(lambda: kept(tail, 7))
        first = await tail.read_after(TENANT, None, limit=4)
        second = await tail.read_after(TENANT, first.cursor, limit=4)
        assert (versions_of(first.seen), first.more) == ([1, 2, 3, 4], True)
        assert (versions_of(second.seen), second.more) == ([5, 6, 7], False)

    async def test_a_cursor_that_is_not_ours_is_gone(self, world: World) -> None:
        _, tail = await tailed(world)
        for cursor in (
            "",
            "x",
            "%%%",
            "NjkwMDAwMDAvMTox",
            "MS8xOjE6",
            "a" * 99,
            "客户",
            dump(Position("5:1:")),
        ):
            with pytest.raises(CursorGone):
                await tail.read_after(TENANT, cursor)

    async def test_too_much_missed_is_gone_too(self, world: World) -> None:
        database, tail = await tailed(world)
        cursor = tail.cursor
        async with database.transaction(TENANT) as session:
            for number in range(BACKLOG_MAX + 1):
                append(session, QueueChanged(entity="queue/x", version=number + 1, data={}), key="x")
        await eventually(lambda: kept(tail, BACKLOG_MAX), seconds=30)
        with pytest.raises(CursorGone):
            async with tail.follow(TENANT, ANYWHERE, cursor):
                pass


class Ticker(Recorder):
    """Has a timer every 20 ms in one partition, and notes who calls when."""

    def __init__(self, partition: int) -> None:
        super().__init__()
        self.known: set[int] = set()
        self.told: list[tuple[str, int]] = []
        self.ticks, self.overlapped = 0, False
        self._partition, self._inside, self._due = partition, False, 0.0

    async def apply(self, batch, prepared, session) -> None:
        async with self._alone(batch[0].partition):
            await super().apply(batch, prepared, session)

    async def tick(self, partition: int, transaction: Transaction) -> None:
        async with self._alone(partition), transaction(None):
            self.ticks += 1
            self._due = time.monotonic() + 0.02

    async def assigned(self, partition: int, epoch: int) -> None:
        self.told.append(("assigned", partition))
        if partition == self._partition:
            assert partition not in self.known and epoch > 0
            self.known.add(partition)

    def dropped(self, partition: int) -> None:
        self.told.append(("dropped", partition))
        self.known.discard(partition)

    def next_wake(self, partition: int) -> float | None:
        return self._due if partition == self._partition else None

    @asynccontextmanager
    async def _alone(self, partition: int) -> AsyncIterator[None]:
        if partition == self._partition:
            assert partition in self.known
            self.overlapped |= self._inside
            self._inside = True
        await asyncio.sleep(0.001)
        try:
            yield
        finally:
            self._inside = False


class Moody(Recorder):
    """Fails some times as if something that it needs were away, after having written."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def apply(self, batch, prepared, session) -> None:
        await super().apply(batch, prepared, session)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")


CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def publishes(log: Log) -> bool:
    """One more event, as soon as the log takes it."""
    try:
        await log.publish([event("probe")])
    except Unavailable:
        return False
    return True


BACKWARDS = Position("5:1:")
"""Not a snapshot."""


async def usable(transaction: Transaction) -> bool:
    try:
        async with transaction(None):
            return True
    except StaleEpoch:
        return False


ANYWHERE = frozenset({"anywhere"})
UNREADABLE = "unreadable"


def told_at(envelope: Envelope) -> set[str]:
    """Each event is told at its key, and anywhere."""
    if envelope.key == UNREADABLE:
        raise ValueError("no event")
    return {envelope.key, *ANYWHERE}


async def tailed(world: World) -> tuple[Database, Tail]:
    """A process with a tail of `activity`."""
    database = await world.database(API_ROLE)
    tail = Tail((await world.log(database)).source(Stream.ACTIVITY), told_at)
    await tail.start()
    world.at_end(tail.close)
    return database, tail


async def taken(following: Following, count: int) -> list[Seen]:
    seen: list[Seen] = []
    async with asyncio.timeout(10):
        while len(seen) < count:
            seen += await following.next()
    return seen


async def kept(tail: Tail, count: int) -> bool:
    page = await tail.read_after(TENANT, None, limit=count)
    return len(page.seen) == count


def keys_of(seen: Sequence[Seen]) -> list[str]:
    return [one.envelope.key for one in seen]


def keyed(seen: Sequence[Seen]) -> list[tuple[str, UUID]]:
    return [(one.envelope.key, one.envelope.id) for one in seen]


def versions_of(seen: Sequence[Seen]) -> list[int]:
    return [orjson.loads(one.envelope.data)["version"] for one in seen]
