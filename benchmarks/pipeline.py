"""The whole pipeline: new calls per second from the webhook to an offer on a desktop's socket, compared with
a bare script that writes the same rows through the same hops; and an offer's latency at half that load, and
at half of the load that is asked of it, which does not grow with what it can do."""

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvloop

from app.embedded import EmbeddedPostgres
from app.migrate import migrate
from benchmarks.bare import collect, replay
from benchmarks.drive import Drive, Phase, drive
from benchmarks.machine import write_result
from benchmarks.service import Service, folder, service

WARM = Phase(seconds=2.0, calls=3_000)
FULL = tuple(Phase(seconds=5.0, calls=12_000) for _ in range(3))
HALF_SECONDS = 10.0
HALVES = 3
REPLAYED = 4_000
REPLAYS = 3
TARGETS = {"ours_to_bare": 0.25, "p50_ms": 40, "p99_ms": 250}


async def measure() -> dict[str, Any]:
    with folder() as name:
        async with service(Path(name)) as ours:
            full = await _drive(ours, (WARM, *FULL))
        sustained = statistics.median(phase["per_second"] for phase in full)
        bare = await _bare(Path(name))
    asked = TARGETS["ours_to_bare"] * statistics.median(bare)
    return {
        "sustained_per_second": sustained,
        "bare_per_second": bare,
        "ours_to_bare": round(sustained / statistics.median(bare), 3),
        "at_half": await _half(sustained / 2),
        "at_half_of_what_is_asked": await _half(asked / 2),
        "full": full,
        "targets": TARGETS,
    }


async def _half(rate: float) -> dict[str, Any]:
    """Offer latency under an even load: the middle one of several runs, by its median."""
    runs = sorted([await _half_once(rate) for _ in range(HALVES)], key=lambda run: float(run["p50_ms"]))
    rounds = {f"{name}_rounds": [run[name] for run in runs] for name in ("p50_ms", "p99_ms")}
    return {**runs[HALVES // 2], **rounds}


async def _half_once(rate: float) -> dict[str, Any]:
    """In an installation of its own: nobody holds anything yet."""
    phase = Phase(seconds=HALF_SECONDS, calls=int(rate * (HALF_SECONDS + 2)), rate=rate)
    with folder() as name:
        async with service(Path(name)) as ours:
            return (await _drive(ours, (WARM, phase)))[0]


async def _drive(ours: Service, phases: tuple[Phase, ...]) -> list[dict[str, Any]]:
    supervisor = ours.supervisor
    pids = {name: supervisor.pid_of(name) for name in ("api", "worker", "database")}
    database_url = ours.settings.database_url or ""
    known = {name: pid for name, pid in pids.items() if pid}
    results = await drive(Drive(supervisor.url, ours.hotline, database_url, phases, known))
    for result in results:
        if result["refused"] or result["never_offered"]:
            raise RuntimeError(f"not every call was taken and offered: {result}")
    return results[1:]


async def _bare(place: Path) -> list[float]:
    """The same server and rows, after the service has ended; the script has a process of its own too."""
    async with _server(place) as postgres:
        rates = []
        for number in range(REPLAYS):
            target = await _empty(postgres, f"bare_{number}")
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "benchmarks.pipeline",
                postgres.url(),
                target,
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await process.communicate()
            rates.append(float(orjson.loads(out)))
        return rates


@asynccontextmanager
async def _server(place: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(place)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()


async def _empty(postgres: EmbeddedPostgres, name: str) -> str:
    """A migrated database of that name."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    await migrate(postgres.url(name))
    return postgres.url(name)


async def _replay(source: str, target: str) -> float:
    return await replay(target, await collect(source, REPLAYED))


def main() -> None:
    """Measure, print and write."""
    result = asyncio.run(measure())
    write_result("pipeline", result)
    print(f"{result['sustained_per_second']:.0f} calls/s, {result['ours_to_bare']} of the bare script")
    for name in ("at_half", "at_half_of_what_is_asked"):
        half = result[name]
        print(f"{name}: {half['per_second']:.0f}/s, p50 {half['p50_ms']:.0f} ms, p99 {half['p99_ms']:.0f} ms")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(uvloop.run(_replay(sys.argv[1], sys.argv[2])))
    else:
        main()
