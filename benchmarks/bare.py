"""The bare script that the pipeline is compared with: the very rows that the service wrote, read from its
database, go in batches through the same hops into an empty one. Nothing is checked, decided or explained."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from app.events import PARTITIONS

BATCH: Final = 100
SET_UP: Final = ("tenant", "policy", "team", "queue", "agent", "endpoint", "device")
AT_INTAKE: Final = (
    "delivery_key",
    "address",
    "customer",
    "customer_address",
    "interaction",
    "call",
    "segment",
    "touch",
)
AT_ROUTING: Final = ("leg", "offer", "segment", "decision", "routing_journal")
AS_TEXT: Final = ("tsvector", "ARRAY")
CHANGED: Final = ("state", "version", "relevant_version", "age_us", "waiting_since")
"""What routing changes of an interaction."""

READ: Final = """
SELECT s.seen, e.* FROM (SELECT pg_current_snapshot()::text AS seen) s LEFT JOIN LATERAL (
  SELECT id, type, data FROM event_log
  WHERE stream = $1 AND partition = ANY($3::smallint[])
    AND xid >= pg_snapshot_xmin($2::text::pg_snapshot)::text::bigint
    AND NOT pg_visible_in_snapshot(xid::text::xid8, $2::text::pg_snapshot)
  ORDER BY position) e ON true
"""

OFFER: Final = """
UPDATE interaction i SET state = r.state, version = r.version, relevant_version = r.relevant_version,
  age_us = r.age_us, waiting_since = r.waiting_since
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
  AS r (id, state, version, relevant_version, age_us, waiting_since)
WHERE i.id = r.id
"""
ADVANCE: Final = """
INSERT INTO consumer_position (consumer, partition, log, snapshot_old) VALUES ($1, 0, 'bare', $2)
ON CONFLICT (consumer, partition, log) DO UPDATE SET snapshot_old = excluded.snapshot_old
"""

Row = dict[str, Any]


@dataclass
class Rows:
    """What one interaction comes to: by table, at intake and at routing, and its events by hop."""

    inbound: Row
    intake: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    routing: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    interaction: Row = field(default_factory=dict)
    agents: list[UUID] = field(default_factory=list)


class Table:
    """Reads and inserts whole rows in one statement; a few types travel as text."""

    def __init__(self, name: str, columns: Sequence[tuple[str, str]]) -> None:
        self.name, self._columns = name, columns
        reads = [f"{column}::text" if kind in AS_TEXT or "[]" in kind else column for column, kind in columns]
        names = ", ".join(f'"{column}"' for column, _ in columns)
        self.select = f"SELECT {', '.join(reads)} FROM {name}"
        arrays = [self._array(number, kind) for number, (_, kind) in enumerate(columns, 1)]
        casts = [f"c{n}::{kind}" for n, (_, kind) in enumerate(columns, 1)]
        aliases = ", ".join(f"c{n}" for n in range(1, len(columns) + 1))
        self.insert = (
            f"INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT {', '.join(casts)} "
            f"FROM unnest({', '.join(arrays)}) AS r ({aliases})"
        )

    @staticmethod
    def _array(number: int, kind: str) -> str:
        return f"${number}::text[]" if "[]" in kind or kind == "tsvector" else f"${number}::{kind}[]"

    @classmethod
    async def of(cls, connection: Any, name: str, without: Sequence[str] = ()) -> "Table":
        rows = await connection.fetch(
            "SELECT attname, format_type(atttypid, atttypmod) AS kind FROM pg_attribute"
            " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            name,
        )
        return cls(name, [(row["attname"], row["kind"]) for row in rows if row["attname"] not in without])

    async def read(self, connection: Any, where: str = "") -> list[Row]:
        return [dict(row) for row in await connection.fetch(f"{self.select} {where}")]

    async def write(self, connection: Any, rows: Iterable[Row]) -> None:
        listed = list(rows)
        if listed:
            await connection.execute(
                self.insert, *([row[name] for row in listed] for name, _ in self._columns)
            )


@dataclass
class Material:
    """All that is needed to write the same rows again."""

    set_up: Mapping[str, list[Row]]
    rows: list[Rows]


async def collect(url: str, limit: int) -> Material:
    """What the service wrote for its first `limit` interactions that were offered once."""
    connection = await asyncpg.connect(url)
    try:
        tables = {name: await Table.of(connection, name) for name in {*SET_UP, *AT_INTAKE, *AT_ROUTING}}
        read = {name: await table.read(connection) for name, table in tables.items()}
        log = await Table.of(connection, "event_log", without=("position", "xid"))
        events = await log.read(connection, "ORDER BY position")
    finally:
        await connection.close()
    return Material({name: read[name] for name in SET_UP}, _by_interaction(read, events, limit))


def _by_interaction(read: Mapping[str, list[Row]], events: Sequence[Row], limit: int) -> list[Rows]:
    calls = {row["interaction_id"]: row for row in read["call"]}
    inbound = {orjson.loads(row["data"])["conversation"]: row for row in events if row["stream"] == "inbound"}
    found: dict[UUID, Rows] = {}
    offered = Counter(row["interaction_id"] for row in read["offer"])
    whole = [row for row in read["interaction"] if offered[row["id"]] == 1]
    for interaction in sorted(whole, key=lambda row: str(row["id"])):
        call = calls[interaction["id"]]
        if call["call_id"] not in inbound or len(found) == limit:
            continue
        found[interaction["id"]] = rows = Rows(inbound[call["call_id"]], interaction=interaction)
        rows.intake["interaction"].append({**interaction, "state": "queued", "version": 1})
        rows.intake["call"].append(call)
    _add_parties(read, found)
    for table in ("touch", "leg", "offer", "decision", "segment"):
        for row in read[table]:
            if (its := found.get(row["interaction_id"])) is not None:
                part = its.intake if table == "touch" or row.get("kind") == "queue" else its.routing
                part[table].append({**row, "shown_at": None} if table == "offer" else row)
    _share(list(found.values()), read["delivery_key"], "intake", "delivery_key")
    _share(list(found.values()), read["routing_journal"], "routing", "routing_journal")
    _add_events(events, found)
    return list(found.values())


def _add_parties(read: Mapping[str, list[Row]], found: Mapping[UUID, Rows]) -> None:
    addresses = {row["id"]: row for row in read["address"]}
    customers = {row["id"]: row for row in read["customer"]}
    links = {row["address_id"]: row for row in read["customer_address"]}
    for rows in found.values():
        address_id = rows.interaction["address_id"]
        rows.intake["address"].append(addresses[address_id])
        rows.intake["customer"].append(customers[links[address_id]["customer_id"]])
        rows.intake["customer_address"].append(links[address_id])


def _share(found: Sequence[Rows], rows: Sequence[Row], hop: str, table: str) -> None:
    """Rows that belong to no single interaction, evenly."""
    for number, row in enumerate(rows[: len(found)]):
        getattr(found[number * len(found) // min(len(rows), len(found))], hop)[table].append(row)


def _add_events(events: Sequence[Row], found: Mapping[UUID, Rows]) -> None:
    others = []
    for event in events:
        data = orjson.loads(event["data"])
        rows = found.get(UUID(data["interaction_id"])) if "interaction_id" in data else None
        if rows is not None:
            later = data["version"] > 1 if "version" in data and "touch_id" not in data else False
            (rows.routing if later else rows.intake)["event_log"].append(event)
        elif event["type"].startswith("touchpoint.agent"):
            others.append(event)
    _share(list(found.values()), others, "routing", "event_log")


class Bare:
    """Four hops, each with a connection of its own, all under way at once."""

    def __init__(self, pool: Any, tables: Mapping[str, Table], material: Sequence[Rows]) -> None:
        self._pool, self._tables, self._material = pool, tables, material
        self._of_inbound = {rows.inbound["id"]: rows for rows in material}
        self._of_interaction = {str(rows.interaction["id"]): rows for rows in material}
        self._grown = {stream: asyncio.Event() for stream in ("inbound", "routing", "activity")}
        self._offered = 0

    async def run(self) -> float:
        """Interactions per second, from the first written to the last seen as offered."""
        began = time.perf_counter()
        hops = [self._read("inbound", self._intake), self._read("routing", self._route)]
        tasks = [asyncio.create_task(hop) for hop in hops]
        tail = asyncio.create_task(self._read("activity", self._see))
        await self._publish()
        await tail
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(self._material) / (time.perf_counter() - began)

    async def _publish(self) -> None:
        async with self._pool.acquire() as connection:
            for start in range(0, len(self._material), BATCH):
                batch = [rows.inbound for rows in self._material[start : start + BATCH]]
                await self._tables["event_log"].write(connection, batch)
                self._grown["inbound"].set()

    async def _read(self, stream: str, apply: Any) -> None:
        seen, grown = "1:1:", self._grown[stream]
        async with self._pool.acquire() as connection:
            while self._offered < len(self._material):
                grown.clear()
                rows = await connection.fetch(READ, stream, seen, list(range(PARTITIONS)))
                seen = rows[0]["seen"]
                if rows[0]["id"] is None:
                    await grown.wait()
                else:
                    await apply(connection, rows, seen)

    async def _intake(self, connection: Any, events: Sequence[Any], seen: str) -> None:
        parsed = [orjson.loads(event["data"]) for event in events]
        assert all(parsed)
        batch = [self._of_inbound[event["id"]] for event in events]
        async with connection.transaction():
            await self._write(connection, AT_INTAKE, [rows.intake for rows in batch])
            await self._advance(connection, "intake", seen)
        self._grown["routing"].set()
        self._grown["activity"].set()

    async def _route(self, connection: Any, events: Sequence[Any], seen: str) -> None:
        facts = [orjson.loads(event["data"]) for event in events]
        new = [
            fact["interaction_id"] for fact in facts if fact.get("version") == 1 and "interaction_id" in fact
        ]
        batch = [self._of_interaction[interaction_id] for interaction_id in new]
        async with connection.transaction():
            await self._change(connection, batch)
            await self._write(connection, AT_ROUTING, [rows.routing for rows in batch])
            await self._advance(connection, "routing", seen)
        self._grown["activity"].set()

    async def _change(self, connection: Any, batch: Sequence[Rows]) -> None:
        """The interactions are offered, the agents hold them."""
        after = [rows.interaction for rows in batch]
        await connection.execute(
            OFFER,
            [row["id"] for row in after],
            *([row[name] for row in after] for name in CHANGED),
        )
        agents = sorted({offer["agent_id"] for rows in batch for offer in rows.routing["offer"]})
        await connection.execute("UPDATE agent SET version = version + 1 WHERE id = ANY($1)", agents)

    async def _see(self, connection: Any, events: Sequence[Any], seen: str) -> None:
        told = [orjson.loads(event["data"]) for event in events]
        offers = [UUID(data["offer_id"]) for data in told if "offer_id" in data]
        if offers:
            await connection.execute(
                "UPDATE offer SET shown_at = clock_timestamp() WHERE id = ANY($1)", offers
            )
        self._offered += len(offers)

    async def _write(
        self, connection: Any, tables: Sequence[str], parts: Sequence[Mapping[str, list[Row]]]
    ) -> None:
        for table in (*tables, "event_log"):
            await self._tables[table].write(
                connection, [row for part in parts for row in part.get(table, ())]
            )

    async def _advance(self, connection: Any, consumer: str, seen: str) -> None:
        await connection.execute(ADVANCE, consumer, seen)


async def replay(url: str, material: Material) -> float:
    """Interactions per second into the migrated, empty database at `url`."""
    async with asyncpg.create_pool(url, min_size=5, max_size=5) as pool:
        async with pool.acquire() as connection:
            tables = {name: await Table.of(connection, name) for name in {*SET_UP, *AT_INTAKE, *AT_ROUTING}}
            tables["event_log"] = await Table.of(connection, "event_log", without=("position", "xid"))
            for name in SET_UP:
                await tables[name].write(connection, material.set_up[name])
        return await Bare(pool, tables, material.rows).run()
