"""What every log does. `test_postgres_log.py` and `test_kafka_log.py` run these classes on theirs."""

import asyncio
from collections import Counter

from app.events import PARTITIONS
from tests.contracts.world import Recorder, World, by_key, event, events, keys_of_partition
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
