"""One listener for each endpoint over all workers: on real PostgreSQL, with an adapter that counts."""

import asyncio
import queue
import random
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import make_url, text

from app.clock import SystemClock, new_id
from app.database import WORKER_ROLE, Database
from app.endpoints import KnownEndpoint, KnownTenant
from app.events import Envelope, MessageReceived
from app.listeners import Listeners, Parts, rest_seconds
from app.outbound import networks
from app.security import Cipher, InstallationKey
from app.settings import Settings
from channels.ari.listener import AriListener
from channels.form import FormAdapter, FormConfig
from channels.listening import ListenerDoor
from channels.registry import Registered
from tests.intake.house import MemoryBlobs
from tests.waiting import eventually

LEASE_SECONDS = 1.0


@dataclass
class Platform:
    """What listeners of all processes told and met. `broken`: it throws them out at once."""

    told: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    broken: bool = False
    stored: list[str] = field(default_factory=list)


@dataclass
class Counting:
    """Tells one message after the other, and remembers how far it was."""

    rest_max_seconds: ClassVar[float] = 60.0

    platform: Platform
    process: str

    async def listen(self, door: ListenerDoor) -> None:
        self.platform.begun.append(self.process)
        assert [str(network) for network in door.allowed] == ["10.0.0.0/8"]
        if self.platform.broken:
            raise ConnectionRefusedError("nobody there")
        count = int((await door.state()).get("count", 0))
        try:
            while True:
                count += 1
                await door.publish([MessageReceived(external_id=f"{self.process}/{count}", text=str(count))])
                await door.remember({"count": count})
                await asyncio.sleep(0.01)
        finally:
            self.platform.ended.append(self.process)


@dataclass
class Setup:
    """The endpoints as a process knows them."""

    endpoints: dict[UUID, KnownEndpoint] = field(default_factory=dict)

    def all(self) -> Sequence[KnownEndpoint]:
        return list(self.endpoints.values())

    def tenant(self, tenant_id: UUID) -> KnownTenant | None:
        return KnownTenant(tenant_id, "acme", "Acme", "UTC", ("en",), networks(["10.0.0.0/8"]))


@dataclass
class TellingLog:
    platform: Platform

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            event = envelope.event()
            assert isinstance(event, MessageReceived) and event.external_id is not None
            self.platform.told.append(event.external_id)


@dataclass
class World:
    url: str
    cipher: Cipher
    tenant_id: UUID
    platform: Platform = field(default_factory=Platform)
    setup: Setup = field(default_factory=Setup)

    def endpoint(self, key: str = "box", adapter_name: str = "counting") -> KnownEndpoint:
        known = KnownEndpoint(
            id=new_id(), tenant_id=self.tenant_id, key=key, adapter_name=adapter_name, channel="email",
            queue="billing", address=None, version=1, adapter=FormAdapter(FormConfig()), config={},
            seal=bytes,
        )  # fmt: skip
        self.setup.endpoints[known.id] = known
        return known

    def listeners(self, database: Database, process: str) -> Listeners:
        kinds = {
            "counting": Registered(
                FormAdapter, FormConfig, lambda _adapter: Counting(self.platform, process)
            ),
            "silent": Registered(FormAdapter, FormConfig, lambda _adapter: None),
            "called": Registered(FormAdapter, FormConfig),
        }
        log, blobs = TellingLog(self.platform), MemoryBlobs()
        parts = Parts(database, log, blobs, self.cipher, self.setup, SystemClock(), kinds)
        return Listeners(parts, LEASE_SECONDS)

    @asynccontextmanager
    async def process(self, name: str) -> AsyncIterator[None]:
        database = Database(self.url, WORKER_ROLE, pool_size=3)
        task = asyncio.create_task(self.listeners(database, name).run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await database.close()

    def heard(self, process: str, since: int = 0) -> list[str]:
        return [told for told in self.platform.told[since:] if told.startswith(f"{process}/")]

    async def lease(self) -> dict[str, Any]:
        database = Database(self.url, WORKER_ROLE, pool_size=1)
        async with database.read() as session:
            rows = (await session.execute(text("SELECT * FROM endpoint_lease"))).mappings().all()
        await database.close()
        return dict(rows[0]) if rows else {}


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> World:
    cipher = Cipher(InstallationKey.load(Settings(data_dir=tmp_path, database_url=database_url)))
    tenant_id = new_id()
    secret = cipher.new_secret(tenant_id)
    cipher.learn(tenant_id, secret)
    database = Database(database_url, WORKER_ROLE, pool_size=1)
    async with database.transaction(tenant_id) as session:
        await session.execute(
            text("INSERT INTO tenant (id, key, name, time_zone, languages, outbound_allow, secret) "
                 "VALUES (:id, 'acme', 'Acme', 'UTC', '{en}', '{}', :secret)"),
            {"id": tenant_id, "secret": secret},
        )  # fmt: skip
    await database.close()
    return World(database_url, cipher, tenant_id)


class TestOneListener:
    async def test_of_several_processes_one_listens(self, world: World) -> None:
        world.endpoint()
        async with world.process("a"), world.process("b"):
            await eventually(lambda: len(world.platform.told) > 50)
        assert len(set(world.platform.begun)) == 1

    async def test_when_it_ends_another_goes_on_where_it_was(self, world: World) -> None:
        world.endpoint()
        async with world.process("a"):
            await eventually(lambda: world.heard("a"))
            async with world.process("b"):
                assert world.heard("b") == []
                since = len(world.platform.told)
                await eventually(lambda: len(world.platform.told) > since + 20)
        async with world.process("b"):
            await eventually(lambda: world.heard("b"))
        counts = [int(told.rpartition("/")[2]) for told in world.platform.told]
        assert counts == sorted(counts), "nothing is told again but what was not remembered"

    async def test_where_nothing_listens_no_lease_is_taken(self, world: World) -> None:
        world.endpoint("a", "silent")
        world.endpoint("b", "called")
        heard = world.endpoint("c")
        async with world.process("a"):
            await eventually(lambda: world.platform.told)
            assert (await world.lease())["endpoint_id"] == heard.id


class TestFrozenProcess:
    async def test_another_takes_over_and_it_tells_nothing_when_it_wakes(self, world: World) -> None:
        world.endpoint()
        with frozen_process(world) as stopped:
            await eventually(lambda: world.heard("frozen"))
            async with world.process("b"):
                stopped.freeze()
                await eventually(lambda: world.heard("b"), seconds=15)
                since = len(world.platform.told)
                stopped.thaw()
                await eventually(lambda: "frozen" in world.platform.ended, seconds=15)
                await eventually(lambda: len(world.heard("b", since)) > 20)
                assert world.heard("frozen", since) == []


class TestChangesOfTheSetup:
    async def test_a_new_endpoint_is_listened_to(self, world: World) -> None:
        async with world.process("a"):
            world.endpoint()
            await eventually(lambda: world.platform.told)

    async def test_a_changed_one_is_listened_to_anew(self, world: World) -> None:
        known = world.endpoint()
        async with world.process("a"):
            await eventually(lambda: world.platform.told)
            world.setup.endpoints[known.id] = replace(known, version=2)
            await eventually(lambda: len(world.platform.begun) == 2)
            assert len(world.platform.ended) == 1

    async def test_a_retired_one_is_not(self, world: World) -> None:
        known = world.endpoint()
        async with world.process("a"):
            await eventually(lambda: world.platform.told)
            del world.setup.endpoints[known.id]
            await eventually(lambda: world.platform.ended)
        assert world.platform.begun == ["a"]


class TestPlatformThatFails:
    async def test_is_tried_again_and_the_error_is_kept_until_it_is_well(self, world: World) -> None:
        world.endpoint()
        world.platform.broken = True

        async def error() -> Any:
            return (await world.lease()).get("error")

        async with world.process("a"):
            assert await eventually(error) == "ConnectionRefusedError: nobody there"
            world.platform.broken = False
            await eventually(lambda: world.platform.told)

            async def is_well() -> bool:
                return await error() is None

            await eventually(is_well)


class TestRest:
    @pytest.mark.parametrize("failures", [1, 2, 3, 4, 10, 10_000])
    def test_a_telephone_exchange_is_missed_for_five_seconds_at_most(self, failures: int) -> None:
        chance = random.Random(failures)
        rests = [rest_seconds(failures, AriListener.rest_max_seconds, chance) for _ in range(1000)]
        assert 0.5 <= min(rests) < max(rests) <= 5.0

    def test_not_all_come_back_at_once(self) -> None:
        rests = {rest_seconds(9, 60.0, random.Random(seed)) for seed in range(100)}
        assert max(rests) - min(rests) > 20


class Stopped:
    """A process of its own event loop, which can be made to stand still as a stopped one does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._go = loop, threading.Event()

    def freeze(self) -> None:
        self._loop.call_soon_threadsafe(self._go.wait)

    def thaw(self) -> None:
        self._go.set()


@contextmanager
def frozen_process(world: World) -> Iterator[Stopped]:
    """A runner with a thread and an event loop of its own."""
    loops: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def main() -> None:
        over = asyncio.Event()
        loops.put((asyncio.get_running_loop(), over))
        async with world.process("frozen"):
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    loop, over = loops.get()
    stopped = Stopped(loop)
    try:
        yield stopped
    finally:
        stopped.thaw()
        loop.call_soon_threadsafe(over.set)
        thread.join()


async def test_ends_quietly_when_the_database_went_first(world: World) -> None:
    world.endpoint()
    database = Database(world.url, WORKER_ROLE, pool_size=3)
    running = asyncio.create_task(world.listeners(database, "one").run())
    await eventually(lambda: world.platform.told)
    await shut(world.url)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await database.close()
    assert world.platform.ended == ["one"]


async def shut(url: str) -> None:
    """Nobody is connected to that database any more, and nobody can be."""
    name = make_url(url).database
    elsewhere = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    connection = await asyncpg.connect(elsewhere)
    await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await connection.close()
