"""Open sockets on one api process: 2,000 visitors in a chat and 500 desktops.

A hundred of the visitors talk with an agent, the others wait and are told their places. How long it takes
from a visitor's message until every desktop that may see it has it (its queue's supervisors: everybody here),
and from an agent's reply until the visitor has it; how much memory a socket takes.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State

from benchmarks.desks import AT_ONCE, SignedIn, each, frames, offer_shown, open_stream, signed_in
from benchmarks.load import percentile
from benchmarks.machine import write_result
from benchmarks.service import Service, folder, queues, service

VISITORS, DESKTOPS = 2000, 500
PER_QUEUE = DESKTOPS // len(queues())
MESSAGES, PER_SECOND, WARM = 300, 10.0, 30
TALKING = 100
OPEN_SECONDS = 60.0
DRAIN_SECONDS = 10.0
TARGETS = {"p99_ms": 250, "kilobytes_per_socket": 200}

_NUMBERED = re.compile(rb'"(?:text|preview)":"([mr])(\d+)"')


def email(number: int) -> str:
    return f"desk{number}@bench.test"


def shape(document: dict[str, Any]) -> None:
    """So many agents at each queue, and a chat that leads to it."""
    names = queues()
    document["agents"] = [
        {
            "email": email(n),
            "teams": [f"team-{names[n % len(names)]}"],
            "capacity": {"chat": 1},
            "roles": ["agent", "supervisor"],
        }
        for n in range(DESKTOPS)
    ]
    for queue in document["queues"]:
        queue["channels"]["chat"] = {"offer_seconds": 600}
    document["endpoints"] += [{"key": f"chat-{name}", "adapter": "chat", "queue": name} for name in names]


@dataclass
class Sighted:
    """When a message was sent, and when each that may see it had it."""

    sent: float
    arrived: list[float] = field(default_factory=list)

    def reach_seconds(self) -> float:
        return max(self.arrived) - self.sent


class Desk:
    """One agent's socket, which accepts what it is offered and answers what it is written."""

    def __init__(
        self, run: "Run", socket: ClientConnection, http: httpx.AsyncClient, agent: SignedIn
    ) -> None:
        self.run, self.socket, self.http, self.headers = run, socket, http, agent.headers

    async def read(self) -> None:
        async for frame in frames(self.socket):
            at = time.perf_counter()
            if b'"name":"offer.created"' in frame:
                self.run.spawn(self._accept(orjson.loads(frame)["data"]["offer_id"]))
            elif b'"name":"interaction.changed"' in frame and (found := _NUMBERED.search(frame)):
                self._changed(found, frame, at)

    def _changed(self, found: re.Match[bytes], frame: bytes, at: float) -> None:
        number = int(found[2])
        sighted = self.run.written.get(number)
        if sighted is None or self in self.run.saw[number]:
            return
        self.run.saw[number].add(self)
        sighted.arrived.append(at)
        data = orjson.loads(frame)
        legs = data["data"]["legs"]
        if any(leg["agent_id"] == self.run.ids[self] for leg in legs):
            self.run.spawn(self._reply(number, data["data"]["id"], data["version"]))

    async def _accept(self, offer_id: str) -> None:
        await self.socket.send(offer_shown(offer_id))
        await self.http.post(f"/v1/offers/{offer_id}/accept", headers=self.headers)

    async def be_available(self) -> None:
        body = {"status": "available"}
        (await self.http.put("/v1/me/presence", json=body, headers=self.headers)).raise_for_status()

    async def _reply(self, number: int, interaction_id: str, version: int) -> None:
        self.run.replied[number] = Sighted(time.perf_counter())
        body = {"text": f"r{number}", "client_message_id": f"r{number}", "version": version}
        path = f"/v1/interactions/{interaction_id}/messages"
        answer = await self.http.post(path, json=body, headers=self.headers)
        if answer.is_error:
            self.run.refused[answer.json()["type"]] += 1


class Run:
    def __init__(self, ours: Service) -> None:
        self.ours, self.url = ours, ours.supervisor.url
        self.desks: list[Desk] = []
        self.visitors: list[ClientConnection] = []
        self.ids: dict[Desk, str] = {}
        self.written: dict[int, Sighted] = {}
        self.replied: dict[int, Sighted] = {}
        self.saw: dict[int, set[Desk]] = {}
        self.refused = Counter[str]()
        self.answered: list[ClientConnection] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> dict[str, Any]:
        pid = self.ours.supervisor.pid_of("api")
        api = psutil.Process(pid)
        before = api.memory_info().rss
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60, limits=limits) as http:
            await each(self._open_chat(number) for number in range(VISITORS))
            await each(self._open_desk(http, agent) for agent in await signed_in(self.ours.settings))
            await each(desk.be_available() for desk in self.desks[:TALKING])
            await _until(lambda: len(self.answered) == TALKING, OPEN_SECONDS)
            grown, used = api.memory_info().rss - before, sum(api.cpu_times()[:2])
            await self._talk()
            result = self._result(grown)
            await self._close()
        share = (sum(api.cpu_times()[:2]) - used) / (MESSAGES / PER_SECOND)
        return {**result, "api_processor_share": round(share, 2)}

    async def _open_desk(self, http: httpx.AsyncClient, agent: SignedIn) -> None:
        desk = Desk(self, await open_stream(self.url, agent), http, agent)
        self.ids[desk] = str(agent.agent_id)
        self.desks.append(desk)
        self.spawn(desk.read())

    async def _open_chat(self, number: int) -> None:
        names = queues()
        endpoint = self.ours.endpoints[f"chat-{names[number % len(names)]}"]
        place = f"{self.url.replace('http', 'ws', 1)}/chat/{endpoint}"
        socket = await connect(place, proxy=None, open_timeout=60, ping_interval=None)
        await socket.send('{"type":"hello"}')
        await socket.recv()
        self.visitors.append(socket)
        self.spawn(self._read(socket))
        await socket.send(_message(f"hello-{number}", "hello"))

    async def _read(self, socket: ClientConnection) -> None:
        async for frame in frames(socket):
            at, found = time.perf_counter(), _NUMBERED.search(frame)
            if frame == b'{"type":"answered"}':
                self.answered.append(socket)
            elif found and found[1] == b"r" and (sighted := self.replied.get(int(found[2]))):
                sighted.arrived.append(at)

    async def _talk(self) -> None:
        """At even distances one of those who talk writes to their agent."""
        due = time.perf_counter()
        for number in range(MESSAGES):
            self.written[number], self.saw[number] = Sighted(time.perf_counter()), set()
            socket = self.answered[number % len(self.answered)]
            await socket.send(_message(f"m{number}", f"m{number}"))
            due += 1 / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await _until(lambda: all(one.arrived for one in self.replied.values()), DRAIN_SECONDS)

    def _result(self, grown_bytes: int) -> dict[str, Any]:
        written = [one for number, one in self.written.items() if number >= WARM]
        missed = sum(len(one.arrived) < PER_QUEUE for one in written)
        replies = [one for number, one in self.replied.items() if number >= WARM]
        unheard = len(written) - sum(bool(one.arrived) for one in replies)
        return {
            "visitors": _open(self.visitors),
            "talking": len(self.answered),
            "desktops": _open(desk.socket for desk in self.desks),
            "messages_per_second": PER_SECOND,
            "frames_each": PER_QUEUE,
            "to_all_desktops": _times(one for one in written if one.arrived),
            "to_the_visitor": _times(one for one in replies if one.arrived),
            "missed": missed,
            "unheard": unheard,
            "refused": dict(self.refused),
            "kilobytes_per_socket": round(grown_bytes / 1024 / (VISITORS + DESKTOPS), 1),
            "targets": TARGETS,
        }

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await each(socket.close() for socket in [*self.visitors, *(desk.socket for desk in self.desks)])

    def spawn(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _message(id_: str, text: str) -> str:
    return orjson.dumps({"type": "message", "client_message_id": id_, "text": text}).decode()


def _open(sockets: Iterable[ClientConnection]) -> int:
    """Those that are still there at the end."""
    return sum(socket.state is State.OPEN for socket in sockets)


def _times(sighted: Iterable[Sighted]) -> dict[str, float]:
    seconds = sorted(one.reach_seconds() for one in sighted)
    return {
        name: round(1000 * percentile(seconds, at), 1) for name, at in (("p50_ms", 0.5), ("p99_ms", 0.99))
    }


async def _until(done: Callable[[], bool], seconds: float) -> None:
    """Or until the time is up: what is missing then is told in the result."""
    ends = time.perf_counter() + seconds
    while not done() and time.perf_counter() < ends:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def measure() -> dict[str, Any]:
    with folder() as name:
        async with service(Path(name), shape=shape) as ours:
            return await Run(ours).run()


def main() -> None:
    """Measure, print and write."""
    result = uvloop.run(measure())
    write_result("sockets", result)
    desks, visitor = result["to_all_desktops"]["p99_ms"], result["to_the_visitor"]["p99_ms"]
    print(
        f"{result['visitors']} visitors, {result['desktops']} desktops: p99 {desks:.0f} ms to all desktops, "
        f"{visitor:.0f} ms to the visitor; {result['kilobytes_per_socket']} KB a socket"
    )


if __name__ == "__main__":
    main()
