"""The first page of a timeline of 100,000 touches, against the bare SQL of the same page in the same run.

`python -m benchmarks.timeline`. `page`: the use case, from the transaction's begin to the JSON bytes; `http`:
the whole request through the app. Both as the api's role, under row-level security.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson

from app.access import AgentPrincipal
from app.clock import new_id
from app.container import Container, open_container
from app.database import API_ROLE
from app.embedded import EmbeddedPostgres
from app.main import create_app
from app.migrate import migrate
from app.settings import Settings
from benchmarks.machine import write_result
from customers import timeline

TOUCHES = 100_000
OTHERS = 20_000
ROUNDS = 300
LIMIT = 50
TARGET = 3.0

FILL = """
INSERT INTO touch (tenant_id, id, address_id, at, direction, kind, channel, text, payload, attachments,
                   author, delivery_hops, version, search)
SELECT $1, gen_random_uuid(), a.id, now() - make_interval(secs => n * 60),
       CASE WHEN n % 2 = 0 THEN 'inbound' ELSE 'outbound' END, 'message', 'chat',
       'Where is my order ' || n || '? 我想查询订单', '{"client_message_id": "x"}', '[]',
       '{"type": "customer", "id": null, "name": "Wang"}', '[]', 1, to_tsvector('simple', 'order ' || n)
FROM generate_series(1, $2) AS n JOIN address a ON a.tenant_id = $1 AND a.value = $3 || (n % $4)
"""
BARE = """
SELECT t.id, t.at, t.direction, t.kind, t.channel, t.address_id, t.subject, t.text, t.html, t.payload,
       t.attachments, t.author, t.interaction_id, t.delivery_state, t.delivery_hops, t.version,
       ad.kind, ad.value
FROM unnest($2::uuid[]) AS a (id) CROSS JOIN LATERAL (
  SELECT * FROM touch t WHERE t.tenant_id = $1 AND t.address_id = a.id
  ORDER BY t.at DESC, t.id DESC LIMIT $3) t
JOIN address ad ON ad.id = t.address_id ORDER BY t.at DESC, t.id DESC LIMIT $3
"""


async def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "server")
        await server.start()
        try:
            return await _measure(server.url("postgres"), Path(folder))
        finally:
            await server.stop()


async def _measure(url: str, folder: Path) -> dict[str, Any]:
    await migrate(url)
    connection = await asyncpg.connect(url)
    tenant, customer, addresses = await _fill(connection)
    async with open_container(Settings(data_dir=folder, database_url=url), API_ROLE) as container:
        bare = await connection.prepare(BARE)
        token = container.tokens.issue(_agent(tenant))
        transport = httpx.ASGITransport(create_app(container))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench.test") as client:
            path, headers = f"/v1/customers/{customer}/timeline", {"authorization": f"Bearer {token}"}
            rates = await _rounds(
                {
                    "bare": lambda: bare.fetch(tenant, addresses, LIMIT + 1),
                    "page": lambda: _page(container, tenant, customer),
                    "http": lambda: client.get(path, headers=headers),
                }
            )
    await connection.close()
    return {
        **rates,
        "page_to_bare": round(rates["page"]["p50_ms"] / rates["bare"]["p50_ms"], 2),
        "http_to_bare": round(rates["http"]["p50_ms"] / rates["bare"]["p50_ms"], 2),
        "targets": {"page_to_bare": TARGET},
        "touches": TOUCHES,
    }


async def _page(container: Container, tenant: UUID, customer: UUID) -> bytes:
    async with container.database.read(tenant) as session:
        page = await timeline.page(session, customer, timeline.Wanted(limit=LIMIT))
    assert len(page["items"]) == LIMIT
    return orjson.dumps(page)


async def _rounds(tasks: dict[str, Callable[[], Awaitable[Any]]]) -> dict[str, Any]:
    """In turn, so that what else the machine does meets all of them; the first tenth warms up."""
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            started = time.perf_counter()
            await task()
            took[name].append((time.perf_counter() - started) * 1000)
    warm = {name: sorted(times[ROUNDS // 10 :]) for name, times in took.items()}
    return {
        name: {"p50_ms": round(statistics.median(times), 3), "p99_ms": round(times[-len(times) // 100], 3)}
        for name, times in warm.items()
    }


async def _fill(connection: Any) -> tuple[UUID, UUID, list[UUID]]:
    """One customer with three addresses and their touches, among other customers."""
    tenant, customer = new_id(), new_id()
    await connection.execute(
        "INSERT INTO tenant (id, key, name, time_zone, languages, outbound_allow, secret) "
        "VALUES ($1, 'bench', 'Bench', 'UTC', '{en}', '{}', '')",
        tenant,
    )
    await connection.execute(
        "INSERT INTO customer (id, tenant_id, name, attributes, version) VALUES ($1, $2, 'Wang', '{}', 1)",
        customer,
        tenant,
    )
    for prefix, count in (("wang", 3), ("other", 500)):
        await connection.executemany(
            "INSERT INTO address (id, tenant_id, kind, value) VALUES ($1, $2, 'phone', $3)",
            [(new_id(), tenant, f"{prefix}{number}") for number in range(count)],
        )
    await connection.execute(
        "INSERT INTO customer_address (id, tenant_id, customer_id, address_id, verified, source) "
        "SELECT gen_random_uuid(), $1, $2, id, true, 'agent' FROM address WHERE value LIKE 'wang%'",
        tenant,
        customer,
    )
    await connection.execute(FILL, tenant, TOUCHES, "wang", 3)
    await connection.execute(FILL, tenant, OTHERS, "other", 500)
    await connection.execute("VACUUM ANALYZE touch, address, customer_address, interaction")
    rows = await connection.fetch("SELECT id FROM address WHERE value LIKE 'wang%'")
    return tenant, customer, [row["id"] for row in rows]


def _agent(tenant: UUID) -> AgentPrincipal:
    return AgentPrincipal(
        tenant_id=tenant,
        id=new_id(),
        email="li@bench.test",
        name="Li",
        roles=("agent",),
        session_id=new_id(),
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )


def main() -> None:
    result = asyncio.run(measure())
    print(result)
    write_result("timeline", result)


if __name__ == "__main__":
    main()
