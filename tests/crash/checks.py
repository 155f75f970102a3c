"""What must hold afterwards, asked of the rows as their owner. Each check names what it found wrong; nothing
wrong is an empty list."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.bus.kafka import Kafka
from app.events import PARTITIONS, Stream
from tests.crash.ledger import Ledger

READERS: Final = {Stream.INBOUND: "intake", Stream.ROUTING: "routing"}

MISSING_TEXTS = """
SELECT 'acknowledged and missing: ' || wanted FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM touch WHERE trim(touch.text) = wanted)
"""
MISSING_CALLS = """
SELECT 'acknowledged and missing: ' || wanted FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM touch WHERE kind = 'call' AND payload->>'call_id' = wanted)
"""
MISSING_ENDS = """
SELECT 'end acknowledged and missing: ' || wanted FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM call WHERE call_id = wanted AND facts ? 'ended' AND ended_at IS NOT NULL)
"""
MISSING_LEGS = """
SELECT 'leg acknowledged and missing: ' || c || ' ' || l FROM unnest($1::text[], $2::text[]) AS wanted (c, l)
WHERE NOT EXISTS (SELECT FROM call WHERE call_id = c AND legs ? l)
"""
TWICE = """
SELECT 'on the timeline ' || count(*) || ' times: ' || coalesce(payload->>'call_id', trim(text)) FROM touch
WHERE kind = 'call' OR text LIKE 'crash %'
GROUP BY coalesce(payload->>'call_id', trim(text)) HAVING count(*) > 1
UNION ALL
SELECT 'two interactions of one call: ' || conversation FROM interaction WHERE channel = 'voice'
GROUP BY conversation HAVING count(*) > 1
"""
TWO_PRIMARIES = """
SELECT 'two primary legs at once: ' || a.interaction_id FROM leg a
JOIN leg b ON b.interaction_id = a.interaction_id AND b.id > a.id
WHERE a.role = 'primary' AND b.role = 'primary'
  AND tstzrange(a.created_at, coalesce(a.wrap_up_at, a.ended_at))
   && tstzrange(b.created_at, coalesce(b.wrap_up_at, b.ended_at))
"""
UNITS = """
SELECT a.email || ' holds ' || a.units_held || ' units, their legs ' || coalesce(sum(l.units), 0)
FROM agent a LEFT JOIN leg l ON l.agent_id = a.id AND l.state <> 'ended'
GROUP BY a.id HAVING a.units_held <> coalesce(sum(l.units), 0)
"""
OFFERS = """
SELECT 'open offer without a leg that is offered: ' || o.id FROM offer o JOIN leg l ON l.id = o.leg_id
WHERE (o.state = 'open') <> (l.state = 'offered')
"""
BALANCE = """
SELECT 'entry ended as nothing known: ' || id || ' ' || coalesce(outcome, 'null') FROM segment
WHERE kind = 'queue' AND ended_at IS NOT NULL AND (outcome IN ('answered', 'abandoned', 'flowed_out',
  'callback_requested', 'ended_by_us')) IS NOT TRUE
UNION ALL
SELECT 'entry of ' || s.interaction_id || ' open while ' || i.state FROM segment s
JOIN interaction i ON i.id = s.interaction_id
WHERE s.kind = 'queue' AND s.ended_at IS NULL
  AND i.state IN ('wrap_up', 'closed', 'abandoned')
UNION ALL
SELECT 'no open entry of ' || i.id || ' which is ' || i.state FROM interaction i
WHERE i.state IN ('queued', 'offered', 'connecting')
  AND NOT EXISTS (SELECT FROM segment s
                  WHERE s.interaction_id = i.id AND s.kind = 'queue' AND s.ended_at IS NULL)
UNION ALL
SELECT 'abandoned, but its last entry was ' || coalesce(s.outcome, 'open') || ': ' || i.id FROM interaction i
CROSS JOIN LATERAL (SELECT outcome FROM segment s WHERE s.interaction_id = i.id AND s.kind = 'queue'
                    ORDER BY started_at DESC LIMIT 1) s
WHERE i.state = 'abandoned' AND s.outcome IS DISTINCT FROM 'abandoned'
"""
PARKED = "SELECT 'parked as poison: ' || coalesce(type, '?') || ' ' || error FROM dead_letter"

LATE = """
SELECT 'offer past its deadline: ' || id FROM offer
WHERE state = 'open' AND deadline_at < clock_timestamp() - interval '1 second'
UNION ALL
SELECT 'leg past its connect deadline: ' || id FROM leg
WHERE state = 'connecting' AND connect_deadline_at < clock_timestamp() - interval '1 second'
UNION ALL
SELECT 'claim past its lease: ' || id FROM delivery
WHERE state = 'claimed' AND lease_until < clock_timestamp() - interval '1 second'
UNION ALL
SELECT 'command past its time: ' || id FROM delivery
WHERE state IN ('pending', 'claimed') AND expires_at < clock_timestamp() - interval '2 seconds'
"""
UNREAD = """
SELECT 'unread in ' || e.stream || '/' || e.partition || ': ' || count(*) FROM event_log e
LEFT JOIN consumer_position p ON p.log = 'postgres' AND p.partition = e.partition
  AND p.consumer = CASE e.stream WHEN 'inbound' THEN 'intake' ELSE 'routing' END
WHERE e.stream IN ('inbound', 'routing')
  AND (p.snapshot_old IS NULL OR NOT pg_visible_in_snapshot(e.xid::text::xid8, p.snapshot_old::pg_snapshot))
  AND (p.snapshot_new IS NULL OR e.position > p.position
       OR NOT pg_visible_in_snapshot(e.xid::text::xid8, p.snapshot_new::pg_snapshot))
GROUP BY e.stream, e.partition
"""
UNSERVED = """
SELECT i.channel || ' is ' || i.state || ': ' || i.id FROM interaction i
WHERE i.state NOT IN ('closed', 'abandoned', 'parked')
"""
UNSENT = """
SELECT kind || ' ' || state || ' ' || coalesce(last_error, '') || ': ' || id FROM delivery
WHERE state IN ('pending', 'claimed') OR (state = 'failed' AND kind = 'message')
"""


async def unlawful(database: asyncpg.Connection, ledger: Ledger) -> list[str]:
    """What may never be, once everything is read."""
    legs = sorted(ledger.legs)
    asked: Sequence[tuple[Any, ...]] = (
        (MISSING_TEXTS, sorted(ledger.texts | ledger.replies)),
        (MISSING_CALLS, sorted(ledger.calls)),
        (MISSING_ENDS, sorted(ledger.ended_calls)),
        (MISSING_LEGS, [call for call, _ in legs], [leg for _, leg in legs]),
        *((query,) for query in (TWICE, TWO_PRIMARIES, UNITS, OFFERS, BALANCE, PARKED)),
    )
    found = [await _told(database, *query) for query in asked]
    return [*ledger.refused, *(line for lines in found for line in lines)]


async def overdue(database: asyncpg.Connection, servers: str | None = None) -> list[str]:
    """What is late or unread now; `servers`: where the log is Kafka."""
    late = await _told(database, LATE)
    if servers is None:
        return late + await _told(database, UNREAD)
    waiting = await database.fetchval("SELECT count(*) FROM event_log")
    unforwarded = [f"not forwarded to Kafka: {waiting}"] if waiting else []
    return late + unforwarded + await _unread_in_kafka(database, servers)


async def unserved(database: asyncpg.Connection) -> list[str]:
    """Who still waits, or is still in somebody's hands; what we have not sent."""
    return await _told(database, UNSERVED) + await _told(database, UNSENT)


async def _told(database: asyncpg.Connection, query: str, *arguments: Any) -> list[str]:
    return [row[0] for row in await database.fetch(query, *arguments)]


async def _unread_in_kafka(database: asyncpg.Connection, servers: str) -> list[str]:
    rows = await database.fetch(
        "SELECT consumer, partition, position FROM consumer_position WHERE log = 'kafka'"
    )
    read = {(row["consumer"], row["partition"]): row["position"] for row in rows}
    kafka = Kafka(servers)
    reader = AIOKafkaConsumer(bootstrap_servers=servers, group_id=None)
    await reader.start()
    try:
        ends = await reader.end_offsets(
            [TopicPartition(kafka.topic(stream), n) for stream in READERS for n in range(PARTITIONS)]
        )
    finally:
        await reader.stop()
    behind = {
        (consumer, n): ends[TopicPartition(kafka.topic(stream), n)] - read.get((consumer, n), 0)
        for stream, consumer in READERS.items()
        for n in range(PARTITIONS)
    }
    return [f"unread in {consumer}/{n}: {count}" for (consumer, n), count in behind.items() if count]
