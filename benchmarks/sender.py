"""500 messages a second to a platform that takes 200 ms for each, over real HTTP to another process.

`python -m benchmarks.sender [--seconds N] [--rate N]`. Messages are committed at an even rate with their
deliveries, as agents' replies are; the worker's own sender takes them from there. `bare`: the same requests
by the HTTP client alone, no row read or written. `burst`: as many as five seconds bring, committed at once.
"""

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import orjson
import structlog

from app.bus.outbox import Outgoing
from app.clock import new_id
from app.container import Container, open_container
from app.database import WORKER_ROLE
from app.embedded import EmbeddedPostgres
from app.migrate import migrate
from app.outbound import SmallPools
from app.settings import Settings
from app.worker import sender
from benchmarks.machine import write_result
from models import Endpoint, Tenant

RATE, SECONDS = 500, 30
CONVERSATIONS: Final = 5_000
TICK_SECONDS: Final = 0.05
BARE_REQUESTS: Final = 2_000
TOGETHER: Final = 128
TARGETS: Final = {"messages_per_second": 500}
SECRET: Final = "whsec_" + "YSBzZWNyZXQgb2YgYmVuY2htYXJrcyBub2JvZHkgbmVlZHM="

FILL = """
WITH a AS (INSERT INTO address (id, tenant_id, kind, value)
           SELECT gen_random_uuid(), $1, 'custom', 'c' || n FROM generate_series(0, $3 - 1) AS n
           RETURNING id, value)
INSERT INTO interaction (id, tenant_id, channel, direction, endpoint_id, address_id, queue, state, version,
  relevant_version, conversation, tier, boost_seconds, policy_version, account_team, entry_kind, age_us,
  callback_attempts, cool_downs, thread)
SELECT gen_random_uuid(), $1, 'messaging', 'inbound', $2, a.id, 'q', 'active', 1, 1, a.value, 'standard', 0,
  1, '{}', 'new', 0, 0, '{}', '{}' FROM a
"""
SAY = """
WITH t AS (INSERT INTO touch (tenant_id, id, interaction_id, address_id, endpoint_id, at, direction, kind,
             channel, text, payload, attachments, author, delivery_state, delivery_hops, version)
           SELECT $1, m.id, i.id, i.address_id, $2, now(), 'outbound', 'message', 'messaging',
             'Your order is on its way.', '{}', '[]', '{"type": "agent", "id": null, "name": "Li"}',
             'pending', '[]', 1
           FROM unnest($3::uuid[], $4::text[]) AS m (id, conversation)
           JOIN interaction i ON i.tenant_id = $1 AND i.conversation = m.conversation
           RETURNING id, interaction_id)
INSERT INTO delivery (id, tenant_id, kind, endpoint_id, interaction_id, touch_id, conversation, payload,
  provider_key, state, attempts, next_attempt_at, expires_at)
SELECT t.id, $1, 'message', $2, t.interaction_id, t.id, $2::text || '/' || t.interaction_id, '{}', t.id,
  'pending', 0, now(), now() + interval '1 day' FROM t
"""


async def measure(rate: int, seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "server")
        await server.start()
        try:
            url = server.url("postgres")
            await migrate(url)
            settings = Settings(data_dir=Path(folder), database_url=url)
            async with platform() as address, open_container(settings, WORKER_ROLE) as container:
                bare = await _bare(address)
                ours = await _ours(container, url, address, rate, seconds)
        finally:
            await server.stop()
    return {**ours, "bare_messages_per_second": bare, "targets": TARGETS, "platform_seconds": 0.2}


@asynccontextmanager
async def platform() -> AsyncIterator[str]:
    """Another process; its address."""
    command = ("-m", "benchmarks.slow_platform")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _bare(address: str) -> float:
    """The same requests, as many at once as ours of one endpoint at that rate."""
    todo = iter(range(BARE_REQUESTS))
    async with httpx.AsyncClient(transport=SmallPools(), timeout=60, trust_env=False) as client:

        async def work() -> None:
            for _ in todo:
                await client.post(f"{address}/send", content=b"{}", headers={"webhook-id": new_id().hex})

        started = time.monotonic()
        await asyncio.gather(*(work() for _ in range(TOGETHER)))
        return round(BARE_REQUESTS / (time.monotonic() - started), 1)


async def _ours(container: Container, url: str, address: str, rate: int, seconds: int) -> dict[str, Any]:
    endpoint = await _set_up(container, address)
    connection = await asyncpg.connect(url)
    await connection.execute(FILL, endpoint.tenant_id, endpoint.id, CONVERSATIONS)
    await connection.execute("ANALYZE")
    sending = asyncio.create_task(sender(container).run())
    used = time.process_time()
    committed = await _say(container, connection, endpoint, rate, seconds)
    began = min(committed.values())
    arrived = await _arrived(address, committed)
    used = time.process_time() - used
    burst = await _burst(container, connection, endpoint, address, rate * 5)
    states = await connection.fetch("SELECT state, count(*) AS n FROM delivery GROUP BY state")
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await connection.close()
    delays = sorted(arrived[key] - at for key, at in committed.items())
    return {
        "asked_messages_per_second": rate,
        "messages_per_second": round(len(committed) / (max(arrived.values()) - began), 1),
        "seconds": seconds,
        "delay_ms": {
            "p50": round(statistics.median(delays) * 1000),
            "p99": round(delays[len(delays) * 99 // 100] * 1000),
            "max": round(delays[-1] * 1000),
        },
        "processor_ms_per_message": round(used / len(committed) * 1000, 2),
        "burst_messages_per_second": burst,
        "states": {row["state"]: row["n"] for row in states},
    }


async def _say(
    container: Container, connection: Any, endpoint: Endpoint, rate: int, seconds: int
) -> dict[str, float]:
    """Commit messages at an even rate; when each was, by the monotonic clock."""
    committed: dict[str, float] = {}
    started, said = time.monotonic(), 0
    while said < rate * seconds:
        due = min(rate * seconds, int((time.monotonic() - started) * rate))
        if due > said:
            committed |= await _commit(container, connection, endpoint, range(said, due))
            said = due
        await asyncio.sleep(TICK_SECONDS)
    return committed


async def _commit(
    container: Container, connection: Any, endpoint: Endpoint, numbers: Sequence[int]
) -> dict[str, float]:
    ids = [new_id() for _ in numbers]
    conversations = [f"c{number % CONVERSATIONS}" for number in numbers]
    await connection.execute(SAY, endpoint.tenant_id, endpoint.id, ids, conversations)
    container.database.wake(frozenset({(Outgoing.OTHERS, 0)}))
    return dict.fromkeys(map(str, ids), time.monotonic())


async def _burst(
    container: Container, connection: Any, endpoint: Endpoint, address: str, number: int
) -> float:
    """All at once, each in a conversation of its own."""
    committed = await _commit(container, connection, endpoint, range(number))
    arrived = await _arrived(address, committed)
    return round(number / (max(arrived[key] for key in committed) - min(committed.values())), 1)


async def _arrived(address: str, committed: dict[str, float]) -> dict[str, float]:
    """When each of them came to the platform; waits for all."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        while True:
            arrived: dict[str, float] = orjson.loads((await client.get(f"{address}/arrived")).content)
            if committed.keys() <= arrived.keys():
                return {key: arrived[key] for key in committed}
            await asyncio.sleep(0.5)


async def _set_up(container: Container, address: str) -> Endpoint:
    tenant_id = new_id()
    secret = container.cipher.new_secret(tenant_id)
    config = {"secret": SECRET, "send_url": f"{address}/send", "platform": "bench"}
    endpoint = Endpoint(
        id=new_id(),
        tenant_id=tenant_id,
        key="bench",
        adapter="custom",
        channel="messaging",
        queue="q",
        config=container.cipher.seal(tenant_id, orjson.dumps(config)),
    )
    async with container.database.transaction(tenant_id) as session:
        session.add(
            Tenant(
                id=tenant_id,
                key="bench",
                name="Bench",
                time_zone="UTC",
                languages=["en"],
                outbound_allow=["127.0.0.0/8"],
                secret=secret,
            )
        )
        await session.flush()
        session.add(endpoint)
    await container.endpoints.refresh()
    return endpoint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--rate", type=int, default=RATE)
    wish = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    result = asyncio.run(measure(wish.rate, wish.seconds))
    print(result)
    if (wish.rate, wish.seconds) >= (RATE, SECONDS):
        write_result("sender", result)


if __name__ == "__main__":
    main()
