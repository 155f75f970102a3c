"""The load: signed webhooks over kept-alive connections, as fast as they are answered. A process of its own,
its requests signed beforehand, so that it leaves the measured server as much of the machine as it can."""

import asyncio
import base64
import hashlib
import hmac
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

SECRET = "whsec_" + base64.b64encode(b"a secret of the benchmarks' telephone").decode()
_KEY = b"a secret of the benchmarks' telephone"


@dataclass(frozen=True)
class Job:
    """`requests` bounds the load, whatever the time. The first `warm_seconds` are not counted."""

    url: str
    connections: int = 64
    requests: int = 20_000
    seconds: float = 4.0
    warm_seconds: float = 1.0


def incoming_call(call_id: str, caller: str, queue: str) -> bytes:
    """A `call.incoming` of the CTI format."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps(
        {
            "type": "call.incoming",
            "call_id": call_id,
            "sequence": 1,
            "from": caller,
            "to": "+864001000000",
            "at": at,
            "leg_id": f"{call_id}-customer",
            "leg": "customer",
            "data": {"queue": queue, "trunk": "sip-1", "from_presentation": "allowed"},
        }
    )


def caller_of(number: int) -> str:
    """A mobile number for each."""
    return f"+86138{number:08}"


def signed(url: str, webhook_id: str, body: bytes) -> bytes:
    """The bytes of a POST with its Standard Webhooks signature."""
    parts = urlsplit(url)
    timestamp = str(int(time.time()))
    digest = hmac.digest(_KEY, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nuser-agent: exchange/1\r\nwebhook-id: {webhook_id}\r\n"
        f"webhook-timestamp: {timestamp}\r\n"
        f"webhook-signature: v1,{base64.b64encode(digest).decode()}\r\n\r\n"
    )
    return head.encode() + body


class Line(asyncio.Protocol):
    """One connection with at most one request under way; `answered` is told when it is free again. `refused`
    counts the answers that were no success."""

    def __init__(self, answered: Callable[["Line"], None]) -> None:
        self._answered = answered
        self._received = b""
        self._transport: Any = None
        self.sent_at = 0.0
        self.refused = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self._transport.write(request)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if found and len(rest) >= _length(head):
            self._received = b""
            self.refused += head[9:12] != b"200"
            self._answered(self)


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.split(b"\r\n", 1)[0])


async def lines(url: str, count: int, answered: Callable[[Line], None]) -> list[Line]:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Line(answered), parts.hostname or "", parts.port or 80)
        for _ in range(count)
    ]
    return [line for _, line in opened]


class Load:
    """Every line sends its next request when the last was answered."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.requests = self._requests()
        self.over = asyncio.Event()
        self.counting = False
        self.seconds: list[float] = []

    async def run(self) -> dict[str, Any]:
        job = self.job
        opened = await lines(job.url, job.connections, self._answered)
        for line in opened:
            line.send(next(self.requests))
        await asyncio.sleep(job.warm_seconds)
        self.counting, began = True, time.perf_counter()
        try:
            async with asyncio.timeout(job.seconds):
                await self.over.wait()
        except TimeoutError:
            pass
        self.counting, took = False, time.perf_counter() - began
        self.requests = iter(())
        for line in opened:
            line.close()
        return {**self._result(took), "refused": sum(line.refused for line in opened)}

    def _requests(self) -> Iterator[bytes]:
        """A run's ids are its own: a repeat would be a duplicate."""
        run = f"{time.time_ns():x}"
        url = self.job.url
        return iter(
            [
                signed(url, f"{run}-{n}", incoming_call(f"{run}-{n}", caller_of(n), "queue-1"))
                for n in range(self.job.requests)
            ]
        )

    def _answered(self, line: Line) -> None:
        if self.counting:
            self.seconds.append(time.perf_counter() - line.sent_at)
        request = next(self.requests, None)
        if request is None:
            self.over.set()
        else:
            line.send(request)

    def _result(self, took: float) -> dict[str, Any]:
        ordered = sorted(self.seconds)
        return {
            "per_second": len(ordered) / took,
            "p50_ms": percentile(ordered, 0.50) * 1000,
            "p99_ms": percentile(ordered, 0.99) * 1000,
        }


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


async def load(job: Job) -> dict[str, Any]:
    """Run `job` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(orjson.dumps(asdict(job)))
    if process.returncode:
        raise RuntimeError("the load generator failed")
    result: dict[str, Any] = orjson.loads(out)
    return result


def main() -> None:
    job = Job(**orjson.loads(sys.stdin.buffer.read()))

    async def run() -> dict[str, Any]:
        return await Load(job).run()

    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run())))


if __name__ == "__main__":
    main()
