"""The doctor's look into the database: version, schema, rights, readers of the log, parked events."""

from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import asyncpg
from alembic.script import ScriptDirectory

from app.database import API_ROLE, WORKER_ROLE
from app.doctor.findings import Finding, fail, ok, warn
from app.migrate import ROOT

VERSION_MIN: Final = 15
READERS: Final = {"intake": "inbound", "routing": "routing"}
LATE: Final = timedelta(minutes=1)
VERY_LATE: Final = timedelta(minutes=10)

INFRASTRUCTURE: Final = ("event_log", "dead_letter", "delivery", "agent_lease", "endpoint_state")
"""Tables with a tenant but without row-level security: reached across tenants by the workers' role."""

UNPROTECTED: Final = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity) AND c.relname <> ALL ($1)
ORDER BY 1
"""
ROLES: Final = """
SELECT rolname, rolsuper OR rolbypassrls AS unbound, pg_has_role(current_user, oid, 'MEMBER') AS usable,
  EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) AS owner
FROM pg_roles WHERE rolname = ANY ($1)
"""
UNREAD: Final = """
SELECT count(*) AS events, clock_timestamp() - min(e.recorded_at) AS age
FROM event_log e
LEFT JOIN consumer_position p ON p.consumer = $1 AND p.partition = e.partition AND p.log = 'postgres'
WHERE e.stream = $2
  AND (p.snapshot_old IS NULL OR NOT pg_visible_in_snapshot(e.xid::text::xid8, p.snapshot_old::pg_snapshot))
  AND (p.snapshot_new IS NULL OR e.position > p.position
       OR NOT pg_visible_in_snapshot(e.xid::text::xid8, p.snapshot_new::pg_snapshot))
"""
FROM_THE_FUTURE: Final = """
SELECT count(*) FROM consumer_position
WHERE pg_snapshot_xmax(snapshot_old::pg_snapshot)::text::bigint
      > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
WORKERS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()"
)
LETTERS: Final = "SELECT count(*) AS events, max(at) AS last FROM dead_letter WHERE replayed_at IS NULL"

Check = Callable[[asyncpg.Connection], Coroutine[Any, Any, Finding]]


async def examine(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    """The server first; what lies in the tables only if they are this version's."""
    for look in (server, durability, encoding):
        yield await look(connection)
    state = await schema(connection)
    yield state
    if state.todo:
        return
    for look in (roles, tenants_apart, workers, positions):
        yield await look(connection)
    for reader, stream in READERS.items():
        yield await unread(connection, reader, stream)
    yield await dead_letters(connection)


async def server(connection: asyncpg.Connection) -> Finding:
    text = f"PostgreSQL {await connection.fetchval('SHOW server_version')}"
    if connection.get_server_version().major >= VERSION_MIN:
        return ok("database", text)
    return fail("database", f"{text} is too old", f"Use PostgreSQL {VERSION_MIN} or newer.")


async def durability(connection: asyncpg.Connection) -> Finding:
    """Acknowledged means durable only if the server waits for its disk."""
    off = [
        name for name in ("fsync", "synchronous_commit") if await connection.fetchval(f"SHOW {name}") == "off"
    ]
    if not off:
        return ok("durability", "commits wait for the disk")
    return fail("durability", f"{' and '.join(off)} off: what was acknowledged can be lost", "Switch it on.")


async def encoding(connection: asyncpg.Connection) -> Finding:
    found = await connection.fetchval("SHOW server_encoding")
    if found == "UTF8":
        return ok("text", found)
    return fail("text", f"the database's encoding is {found}", "Make it anew with ENCODING 'UTF8'.")


async def schema(connection: asyncpg.Connection) -> Finding:
    wanted = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return fail("schema", "the database is empty", "Run `touchpoint migrate`.")
    found = await connection.fetchval("SELECT version_num FROM alembic_version")
    if found == wanted:
        return ok("schema", f"version {found}")
    return fail("schema", f"version {found}, this program needs {wanted}", "Run `touchpoint migrate`.")


async def roles(connection: asyncpg.Connection) -> Finding:
    found = {row["rolname"]: row for row in await connection.fetch(ROLES, [API_ROLE, WORKER_ROLE])}
    wrong = [f"{name} is missing" for name in (API_ROLE, WORKER_ROLE) if name not in found]
    for name, row in found.items():
        wrong += [f"{name} is above row-level security"] if row["unbound"] else []
        wrong += [f"{name} owns tables"] if row["owner"] else []
        wrong += [f"DATABASE_URL's user may not act as {name}"] if not row["usable"] else []
    if not wrong:
        return ok("roles", f"{API_ROLE} and {WORKER_ROLE} own nothing")
    return fail("roles", "; ".join(wrong), "Run `touchpoint migrate` as the owner; see docs/running.md.")


async def tenants_apart(connection: asyncpg.Connection) -> Finding:
    bare = [row["relname"] for row in await connection.fetch(UNPROTECTED, list(INFRASTRUCTURE))]
    if not bare:
        return ok("tenants", "every tenant table has forced row-level security")
    return fail("tenants", f"no row-level security on {', '.join(bare)}", "Restore the schema from a backup.")


async def workers(connection: asyncpg.Connection) -> Finding:
    if await connection.fetchval(WORKERS, f"touchpoint {WORKER_ROLE}"):
        return ok("worker", "connected")
    return warn("worker", "none is connected: nothing is routed or sent", "Run `touchpoint worker`.")


async def positions(connection: asyncpg.Connection) -> Finding:
    """In a dump restored into another server transaction numbers start low: readers would skip events."""
    if not await connection.fetchval(FROM_THE_FUTURE):
        return ok("positions", "within this server's history")
    return fail(
        "positions",
        "readers stand beyond this server's transactions: the database came from a dump",
        "Stop all processes and restore a physical backup; see docs/running.md.",
    )


async def unread(connection: asyncpg.Connection, reader: str, stream: str) -> Finding:
    row = await connection.fetchrow(UNREAD, reader, stream)
    subject, age = f"{reader} reads {stream}", row["age"] or timedelta()
    text = f"{row['events']} unread, the oldest for {age.total_seconds():.0f} s"
    if age < LATE:
        return ok(subject, f"{row['events']} unread")
    todo = "Look at the worker's log and at `touchpoint dead-letters list`; start more workers if it is busy."
    return (fail if age > VERY_LATE else warn)(subject, text, todo)


async def dead_letters(connection: asyncpg.Connection) -> Finding:
    row = await connection.fetchrow(LETTERS)
    if not row["events"]:
        return ok("dead letters", "none")
    todo = "`touchpoint dead-letters list`; after the cause is gone, `touchpoint dead-letters replay`."
    return warn(
        "dead letters", f"{row['events']} parked, the last at {row['last']:%Y-%m-%d %H:%M:%S} UTC", todo
    )
