"""Customers and desktops for the pipeline: calls are told to the hotline, and each is timed until its offer
stands on an agent's socket. A process of its own; a desktop confirms every offer, as a browser does."""

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg
import orjson
import psutil
import uvloop

from benchmarks.load import Line, caller_of, incoming_call, lines, percentile, signed
from benchmarks.service import PASSWORD, agents, queues
from demo.desk_client import DeskClient, desktop

DRAIN_SECONDS = 5.0
CONNECTIONS = 64


@dataclass(frozen=True)
class Phase:
    """`rate`: calls per second at even distances; None: as many as are offered, with `in_flight` on their
    way. The first `warm_seconds` are not counted. `calls` bounds it, whatever the time."""

    seconds: float
    calls: int
    warm_seconds: float = 1.0
    rate: float | None = None
    in_flight: int = 512


@dataclass(frozen=True)
class Drive:
    """One phase after the other, with the same desktops. After the first the database gets its statistics, as
    autovacuum would see to within 15 s. `processes`: whose processor time is told, by name."""

    url: str
    hotline: str
    database_url: str
    phases: Sequence[Phase]
    processes: Mapping[str, int]


class Run:
    """One phase: each call is told, and timed until its offer is shown."""

    def __init__(self, phase: Phase, calls: Sequence[tuple[str, bytes]], free: asyncio.Queue[Line]) -> None:
        self.phase, self.calls, self.free = phase, calls, free
        self.began: dict[str, float] = {}
        self.offered: list[tuple[float, float]] = []
        self.room = asyncio.Semaphore(phase.in_flight)

    async def run(self) -> dict[str, Any]:
        phase, started = self.phase, time.perf_counter()
        await self._tell(started + phase.warm_seconds + phase.seconds)
        ended = time.perf_counter()
        await self._drain()
        return self._result(started + phase.warm_seconds, ended)

    def offer(self, caller: str) -> None:
        began = self.began.pop(caller, None)
        if began is not None:
            self.offered.append((began, time.perf_counter()))
            self.room.release()

    async def _tell(self, until: float) -> None:
        at = time.perf_counter()
        for caller, request in self.calls:
            if self.phase.rate is None:
                await self.room.acquire()
                at = time.perf_counter()
            else:
                at += 1 / self.phase.rate
                await asyncio.sleep(max(0.0, at - time.perf_counter()))
            if time.perf_counter() >= until:
                return
            line = await self.free.get()
            self.began[caller] = at  # when it was due: a late one has waited already
            line.send(request)

    async def _drain(self) -> None:
        until = time.perf_counter() + DRAIN_SECONDS
        while self.began and time.perf_counter() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def _result(self, began: float, ended: float) -> dict[str, Any]:
        counted = [offer for _, offer in self.offered if began <= offer <= ended]
        waits = sorted(offer - told for told, offer in self.offered if told >= began)
        return {
            "per_second": len(counted) / (ended - began),
            "p50_ms": percentile(waits, 0.50) * 1000,
            "p99_ms": percentile(waits, 0.99) * 1000,
            "offered": len(self.offered),
            "never_offered": len(self.began),
        }


class Driver:
    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.numbers = itertools.count()
        self.current: Run | None = None

    async def run(self) -> list[dict[str, Any]]:
        hotline = self.drive.hotline
        prepared = [
            calls(hotline, itertools.islice(self.numbers, phase.calls)) for phase in self.drive.phases
        ]
        async with self._desktops():
            results = [await self._phase(self.drive.phases[0], prepared[0])]
            await self._analyze()
            for phase, made in zip(self.drive.phases[1:], prepared[1:], strict=True):
                results.append(await self._phase(phase, made))
            return results

    async def _phase(self, phase: Phase, calls: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
        free: asyncio.Queue[Line] = asyncio.Queue()
        for line in await lines(self.drive.hotline, CONNECTIONS, free.put_nowait):
            free.put_nowait(line)
        before = self._processor_seconds()
        self.current = Run(phase, calls, free)
        result = await self.current.run()
        spent = {name: used - before[name] for name, used in self._processor_seconds().items()}
        each = {name: 1000 * used / max(1, result["offered"]) for name, used in spent.items()}
        refused = sum(line.refused for line in [free.get_nowait() for _ in range(free.qsize())])
        return {**result, "refused": refused, "processor_ms_each": each}

    async def _analyze(self) -> None:
        connection = await asyncpg.connect(self.drive.database_url)
        await connection.execute("ANALYZE")
        await connection.close()

    def _processor_seconds(self) -> dict[str, float]:
        return {"driver": sum(os.times()[:2])} | {
            name: sum(_seconds(process) for process in (p, *p.children(recursive=True)))
            for name, pid in self.drive.processes.items()
            for p in (psutil.Process(pid),)
        }

    @contextlib.asynccontextmanager
    async def _desktops(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            tasks = []
            for email in agents():
                client = await stack.enter_async_context(desktop(self.drive.url, "bench", email, PASSWORD))
                await client.be("available")
                tasks.append(asyncio.create_task(self._serve(client)))
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, client: DeskClient) -> None:
        while True:
            frame = await client.socket.recv(decode=False)
            if b'"name":"offer.created"' in frame:
                data = orjson.loads(frame)["data"]
                if self.current is not None:
                    self.current.offer(data["address"]["value"])
                await client.shown(data["offer_id"])


def calls(hotline: str, numbers: Iterable[int]) -> list[tuple[str, bytes]]:
    """(caller, request), the queues in turn; every call of a benchmark has a caller of its own."""
    names, run, made = queues(), f"{time.time_ns():x}", []
    for number in numbers:
        body = incoming_call(f"{run}-{number}", caller_of(number), names[number % len(names)])
        made.append((caller_of(number), signed(hotline, f"{run}-{number}", body)))
    return made


def _seconds(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:2])
    except psutil.Error:  # a database's connection that has ended
        return 0.0


async def drive(job: Drive) -> list[dict[str, Any]]:
    """Run `job` in a process of its own; one result for each phase."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.drive",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(orjson.dumps(asdict(job)))
    if process.returncode:
        raise RuntimeError("the pipeline's driver failed")
    result: list[dict[str, Any]] = orjson.loads(out)
    return result


def main() -> None:
    told = orjson.loads(sys.stdin.buffer.read())
    job = Drive(**{**told, "phases": [Phase(**phase) for phase in told["phases"]]})

    async def run() -> list[dict[str, Any]]:
        return await Driver(job).run()

    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run())))


if __name__ == "__main__":
    main()
