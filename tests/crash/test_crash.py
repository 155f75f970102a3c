"""Everything at once while every process is killed again and again: nothing acknowledged is missing, nothing
is there twice, nobody is forgotten. `make soak` runs it with 2,000 events."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import KafkaError

from demo.desk_client import desktop
from tests.crash import checks
from tests.crash.agents import PlayedAgent
from tests.crash.customers import Customers
from tests.crash.faults import Killer, spoil_devices
from tests.crash.ledger import Ledger
from tests.kafka.broker import Broker, why_not
from tests.running import PASSWORD, Service, running
from tests.waiting import eventually

EVENTS = int(os.environ.get("TOUCHPOINT_CRASH_EVENTS", "300"))
EVENTS_PER_KILL = 75
SEED = int(os.environ.get("TOUCHPOINT_CRASH_SEED", random.randrange(2**32)))
AGENTS = 8
VISITS_PER_SECOND = 8
CUSTOMERS_AT_ONCE = 40
SETTLE_SECONDS = 60
SERVE_SECONDS = 120 + EVENTS // 5
KNOBS: dict[str, Any] = {"live_calls_seconds": 5, "log_level": "warning"}
pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 + EVENTS)]


def one_busy_queue(document: dict[str, Any]) -> None:
    """All agents in one queue, offers that run out soon, and calls compared with the platform often."""
    first = document["agents"][0]
    document["agents"] += [
        {
            **first,
            "email": f"agent{n}@acme.test",
            "devices": [{"endpoint": "hotline", "address": f"sip:{1000 + n}"}],
        }
        for n in range(2, AGENTS + 1)
    ]
    rules = {"offer_seconds": 8, "decline_cool_down_seconds": 2, "reassign_after_seconds": 3}
    document["queues"][0]["channels"] = {
        channel: {**rules, "connect_seconds": 3} if channel == "voice" else rules
        for channel in ("voice", "chat", "email", "task")
    }


@dataclass
class Storm:
    """One run: `service` under load while processes are killed."""

    service: Service
    broker: Broker | None
    seed: int

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.ledger = Ledger(self.service.exchange)
        self._room = asyncio.Semaphore(CUSTOMERS_AT_ONCE)
        points = [self.chance.randrange(EVENTS // 20, EVENTS) for _ in range(EVENTS // EVENTS_PER_KILL)]
        self.killer = Killer(self.service, random.Random(self.seed + 1), points, self.broker)
        names = (f"agent{n}@acme.test" for n in range(1, AGENTS + 1))
        self.agents = [
            PlayedAgent(self.service, self.ledger, name, random.Random(f"{self.seed} {name}"))
            for name in names
        ]

    async def rage(self) -> None:
        """Until all events are acknowledged; in the end everything is killed once more."""
        devices = [f"sip:{1000 + n}" for n in range(1, AGENTS + 1)]
        async with running_beside(spoil_devices(self.service, devices, random.Random(self.seed))):
            await asyncio.gather(self._visits(), self.killer.run(lambda: self.ledger.events))
            await self.killer.kill_all()
        self.service.exchange.switch.devices.clear()
        for agent in self.agents:
            agent.steady = True

    async def _visits(self) -> None:
        customers = Customers(self.service, self.ledger, self.chance)
        try:
            async with asyncio.TaskGroup() as visits:
                while self.ledger.events < EVENTS:
                    visits.create_task(self._visit(customers))
                    await asyncio.sleep(1 / VISITS_PER_SECOND)
        finally:
            await customers.close()

    async def _visit(self, customers: Customers) -> None:
        async with self._room:
            if self.ledger.events < EVENTS:
                await customers.somebody()

    async def settle(
        self, check: Callable[[asyncpg.Connection], Awaitable[list[str]]], seconds: float
    ) -> float:
        """Seconds after the last kill when `check` had nothing to say any more. Fails `seconds` after it."""
        left = self.killer.last_at + seconds - time.monotonic()
        said = ["not asked yet"]

        async def quiet() -> bool:
            nonlocal said
            try:
                said = await self.ask(check)
            except (OSError, asyncpg.PostgresError, KafkaError) as error:
                said = [repr(error)]
            return not said

        try:
            await eventually(quiet, seconds=max(1, left))
        except AssertionError:
            raise AssertionError("\n".join(said)) from None
        return time.monotonic() - self.killer.last_at

    async def ask(self, check: Callable[[asyncpg.Connection], Awaitable[list[str]]]) -> list[str]:
        database = await asyncpg.connect(self.service.supervisor.database_url)
        try:
            return await check(database)
        finally:
            await database.close()

    async def figures(self) -> dict[str, Any]:
        """As a supervisor reads them."""
        async with desktop(self.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
            totals: dict[str, Any] = (await boss.http.get("/v1/queues/metrics")).json()["totals"]
        return totals


@asynccontextmanager
async def running_beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """For as long as the block runs."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def survive(storm: Storm) -> None:
    """The whole run, and all that must hold afterwards."""
    servers = storm.broker.servers if storm.broker else None
    print(f"TOUCHPOINT_CRASH_SEED={storm.seed}")
    started = time.monotonic()
    async with running_beside(*(agent.run() for agent in storm.agents)):
        await storm.rage()
        raged = time.monotonic() - started
        settled = await storm.settle(lambda database: checks.overdue(database, servers), SETTLE_SECONDS)
        served = await storm.settle(checks.unserved, SERVE_SECONDS)
    wrong = await storm.ask(lambda database: checks.unlawful(database, storm.ledger))
    assert not wrong, "\n".join(wrong)
    totals = await storm.figures()
    exits = ("answered", "abandoned", "short_abandoned", "flowed_out", "callback_requested", "ended_by_us")
    assert totals["offered"] == sum(totals[name] for name in (*exits, "still_waiting"))
    assert totals["still_waiting"] == 0
    print(f"{storm.ledger.events} events in {raged:.0f} s, {dict(storm.killer.kills)} killed")
    print(f"nothing overdue {settled:.1f} s, all served {served:.1f} s after the last kill")
    print({name: totals[name] for name in ("offered", *exits)}, f"replies {len(storm.ledger.replies)}")


async def test_killed_at_random_with_the_postgresql_log(tmp_path: Path) -> None:
    async with running(None, tmp_path, lanes=1, shape=one_busy_queue, **KNOBS) as service:
        await survive(Storm(service, None, SEED))


@pytest.mark.kafka
async def test_killed_at_random_with_kafka(tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    (folder := tmp_path / "kafka").mkdir()
    broker = Broker(folder)
    broker.format()
    await broker.start()
    try:
        knobs = {**KNOBS, "kafka_bootstrap_servers": broker.servers}
        async with running(None, tmp_path, lanes=1, shape=one_busy_queue, **knobs) as service:
            await survive(Storm(service, broker, SEED))
    finally:
        broker.stop()
