"""The worker beside a large floor: 1,000 agents are signed in, ten of them a second change their state, 100
calls a second arrive. How long from a call in the log to its offer in the log, which is all that the worker
does, and from the webhook to the desktop's socket.
"""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import uvloop
from websockets.asyncio.client import ClientConnection

from benchmarks.desks import AT_ONCE, SignedIn, each, frames, offer_shown, open_stream, signed_in
from benchmarks.drive import CONNECTIONS, Phase, Run, calls
from benchmarks.load import Line, lines
from benchmarks.machine import write_result
from benchmarks.service import Service, folder, queues, service

AGENTS = 1000
CHANGES_PER_SECOND = 10.0
CALLS = Phase(seconds=20.0, warm_seconds=5.0, calls=2_600, rate=100.0)
SEED = 20_261_130
TARGETS = {"worker_p99_ms": 100}

_WORKER = """
    SELECT count(*) AS offers,
           percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM took)) AS seconds
    FROM (
      SELECT min(offered.recorded_at) - told.recorded_at AS took
      FROM event_log told
      JOIN call c ON c.call_id = convert_from(told.data, 'UTF8')::jsonb ->> 'conversation'
      JOIN event_log offered ON offered.type = 'touchpoint.offer.created.v1'
        AND offered.key = c.interaction_id::text
      WHERE told.stream = 'inbound' AND told.recorded_at >= clock_timestamp() - make_interval(secs => $1)
      GROUP BY told.id, told.recorded_at
    ) each_call
    """


def shape(document: dict[str, Any]) -> None:
    """A hundred agents at each queue, with room for every call: each is offered as soon as the worker can."""
    names = queues()
    document["break_codes"] = ["lunch"]
    document["agents"] = [
        {
            "email": f"desk{n}@bench.test",
            "teams": [f"team-{names[n % len(names)]}"],
            "capacity": {"units": 1_000_000},
            "devices": [{"endpoint": "hotline", "address": f"sip:{1000 + n}"}],
        }
        for n in range(AGENTS)
    ]


class Floor:
    """The agents at their desktops, which confirm what they are offered."""

    def __init__(self, ours: Service, http: httpx.AsyncClient, agents: Sequence[SignedIn]) -> None:
        self.ours, self.http, self.agents = ours, http, agents
        self.on_break: set[int] = set()
        self.changes = 0
        self.run: Run | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        await each(self._sit_down(agent) for agent in self.agents)
        await each(self._be(agent, status="available") for agent in self.agents)

    async def change(self) -> None:
        """At even distances somebody goes on a break or comes back, until cancelled."""
        chance, loop = random.Random(SEED), asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += 1 / CHANGES_PER_SECOND
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._change(chance.randrange(len(self.agents)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _change(self, number: int) -> None:
        back = number in self.on_break
        body = {"status": "available"} if back else {"status": "break", "reason_code": "lunch"}
        await self._be(self.agents[number], **body)
        self.on_break ^= {number}
        self.changes += 1

    async def _be(self, agent: SignedIn, **presence: str) -> None:
        answer = await self.http.put("/v1/me/presence", json=presence, headers=agent.headers)
        answer.raise_for_status()

    async def _sit_down(self, agent: SignedIn) -> None:
        socket = await open_stream(self.ours.supervisor.url, agent)
        self._tasks.append(asyncio.create_task(self._serve(socket)))

    async def _serve(self, socket: ClientConnection) -> None:
        async for frame in frames(socket):
            if b'"name":"offer.created"' in frame:
                data = orjson.loads(frame)["data"]
                if self.run is not None:
                    self.run.offer(data["address"]["value"])
                await socket.send(offer_shown(data["offer_id"]))


async def measure() -> dict[str, Any]:
    with folder() as name:
        async with service(Path(name), shape=shape) as ours, _http(ours) as http:
            floor = Floor(ours, http, await signed_in(ours.settings))
            await floor.open()
            changing = asyncio.create_task(floor.change())
            try:
                whole = await _call(ours, floor)
            finally:
                changing.cancel()
                await floor.close()
            return {
                "agents": len(floor.agents),
                "state_changes": floor.changes,
                "seed": SEED,
                "worker": await _worker(ours),
                "webhook_to_socket": whole,
                "targets": TARGETS,
            }


def _http(ours: Service) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=2.0)  # sooner than the server's
    return httpx.AsyncClient(base_url=ours.supervisor.url, trust_env=False, timeout=60, limits=limits)


async def _call(ours: Service, floor: Floor) -> dict[str, Any]:
    free: asyncio.Queue[Line] = asyncio.Queue()
    for line in await lines(ours.hotline, CONNECTIONS, free.put_nowait):
        free.put_nowait(line)
    floor.run = Run(CALLS, calls(ours.hotline, range(CALLS.calls)), free)
    result = await floor.run.run()
    if result["never_offered"]:
        raise RuntimeError(f"not every call was offered: {result}")
    return result


async def _worker(ours: Service) -> dict[str, Any]:
    """Of the calls that were told while it was measured."""
    connection = await asyncpg.connect(ours.settings.database_url)
    row = await connection.fetchrow(_WORKER, CALLS.seconds)
    await connection.close()
    p50, p99 = row["seconds"]
    return {"offers": row["offers"], "p50_ms": 1000 * p50, "p99_ms": 1000 * p99}


def main() -> None:
    """Measure, print and write."""
    result = uvloop.run(measure())
    write_result("worker", result)
    worker, whole = result["worker"], result["webhook_to_socket"]
    print(
        f"{whole['per_second']:.0f} calls/s, {result['state_changes']} changes of {result['agents']} agents: "
        f"the worker's offers p50 {worker['p50_ms']:.0f} ms, p99 {worker['p99_ms']:.0f} ms; "
        f"on a socket p50 {whole['p50_ms']:.0f} ms, p99 {whole['p99_ms']:.0f} ms"
    )


if __name__ == "__main__":
    main()
