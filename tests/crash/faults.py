"""Processes killed with -9 at seeded points of the load."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

from demo.pbx.switch import Device
from tests.kafka.broker import Broker
from tests.running import Service
from tests.waiting import eventually

BEHAVIOURS = (Device.ANSWERS,) * 12 + (Device.BUSY, Device.SILENT, Device.UNREACHABLE, Device.REJECTS)
BROKER_AWAY_SECONDS = (0.5, 4.0)
STALLED_SECONDS = 120


class Killer:
    """Kills one process of `service`, or the broker, whenever the number of acknowledged events passes one of
    the seeded `points`. `last_at` is of the monotonic clock."""

    def __init__(
        self, service: Service, chance: random.Random, points: Sequence[int], broker: Broker | None = None
    ) -> None:
        self._service, self._chance, self._broker = service, chance, broker
        self._points = sorted(points)
        self._targets = ("api", "worker", "database", *(() if broker is None else ("kafka",)))
        self.kills: Counter[str] = Counter()
        self.last_at = time.monotonic()

    async def run(self, events: Callable[[], int]) -> None:
        """Returns after the last kill."""
        for point in self._points:
            await eventually(lambda point=point: events() >= point, seconds=STALLED_SECONDS)
            await self.kill(self._chance.choice(self._targets))

    async def kill_all(self) -> None:
        """All together."""
        await asyncio.gather(*(self.kill(target) for target in self._targets))

    async def kill(self, target: str) -> None:
        """With -9. The supervisor starts it again; the broker, which it does not keep, we do."""
        if target == "kafka":
            await self._kill_broker()
        else:
            os.kill(await eventually(lambda: self._service.supervisor.pid_of(target)), signal.SIGKILL)
        self.kills[target] += 1
        self.last_at = time.monotonic()

    async def _kill_broker(self) -> None:
        assert self._broker is not None
        await asyncio.to_thread(self._broker.stop)
        await asyncio.sleep(self._chance.uniform(*BROKER_AWAY_SECONDS))
        await self._broker.start()


async def spoil_devices(service: Service, addresses: Sequence[str], chance: random.Random) -> None:
    """Until cancelled: now and then a device is busy, silent, unreachable."""
    while True:
        service.exchange.switch.devices[chance.choice(addresses)] = chance.choice(BEHAVIOURS)
        await asyncio.sleep(0.2)
