"""Group commit: who comes while a write is under way shares the next; one rotten event spoils no other's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.bus import group_commit
from app.bus.group_commit import GroupCommit
from app.errors import PoisonEvent, Unavailable
from app.events import Envelope
from tests.contracts.world import event, events


class Store:
    """Keeps batches; can be slow, away, or unable to hold some keys."""

    def __init__(self) -> None:
        self.batches: list[list[Envelope]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.away = False

    async def write(self, envelopes: Sequence[Envelope]) -> None:
        await self.free.wait()
        if self.away:
            raise ConnectionError("away")
        if any("\x00" in envelope.key for envelope in envelopes):
            raise PoisonEvent("NUL")
        self.batches.append(list(envelopes))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def commits(store: Store) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(store.write)
    await made.start()
    yield made
    store.free.set()
    await made.close()


async def started(commits: GroupCommit, envelopes: Sequence[Envelope]) -> list["asyncio.Task[None]"]:
    """One publisher each; all of them wait."""
    tasks = [asyncio.create_task(commits.publish([envelope])) for envelope in envelopes]
    for _ in range(3):  # turns of the loop: publishers put theirs down, the writer takes the first
        await asyncio.sleep(0)
    return tasks


class TestPublish:
    async def test_who_waits_shares_one_write(self, commits: GroupCommit, store: Store) -> None:
        sent = events(50)
        store.free.clear()
        tasks = await started(commits, sent)
        assert not any(task.done() for task in tasks)
        store.free.set()
        await asyncio.gather(*tasks)
        assert len(store.batches) <= 2
        assert [e for batch in store.batches for e in batch] == sent

    async def test_a_rotten_event_fails_alone(self, commits: GroupCommit, store: Store) -> None:
        store.free.clear()
        sent = [event("a"), event("b\x00"), event("c")]
        tasks = await started(commits, sent)
        store.free.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), PoisonEvent, type(None)]
        assert {e.key for batch in store.batches for e in batch} == {"a", "c"}

    async def test_nothing_can_store(self, commits: GroupCommit, store: Store) -> None:
        store.away = True
        with pytest.raises(Unavailable) as refused:
            await commits.publish([event("a")])
        assert refused.value.members["retry_after_seconds"] > 0
        store.away = False
        await commits.publish([event("a")])

    async def test_too_many_wait(self, commits: GroupCommit, store: Store) -> None:
        store.free.clear()
        tasks = await started(commits, [event("a")])
        tasks += await started(commits, [event("a")] * group_commit.WAITING_MAX)
        with pytest.raises(Unavailable):
            await commits.publish([event("a")])
        store.free.set()
        await asyncio.gather(*tasks)

    async def test_who_goes_away_disturbs_nobody(self, commits: GroupCommit, store: Store) -> None:
        store.free.clear()
        first, second = await started(commits, events(2))
        first.cancel()
        store.free.set()
        await second
        assert first.cancelled()

    async def test_what_waits_at_the_end_is_refused(self, store: Store) -> None:
        commits = GroupCommit(store.write)
        await commits.start()
        store.free.clear()
        tasks = await started(commits, events(3))
        await commits.close()
        assert all(isinstance(r, Unavailable) for r in await asyncio.gather(*tasks, return_exceptions=True))


class TestOneClient:
    def test_only_one_module_knows_aiokafka(self) -> None:
        root = Path(__file__).parents[2]
        knows = [
            path.name
            for package in ("app", "channels", "customers", "insights", "interactions", "models", "routers")
            for path in (root / package).rglob("*.py")
            if "from aiokafka" in path.read_text() or "import aiokafka" in path.read_text()
        ]
        assert knows == ["kafka.py"]
