"""The doctor's look into the database: broken rights, late readers, restored dumps, parked events."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.doctor import database as look
from app.doctor.findings import Level

TENANT = UUID(int=1)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def append(connection: asyncpg.Connection, *, minutes_ago: int = 0) -> None:
    await connection.execute(
        "INSERT INTO event_log (stream, partition, key, id, tenant_id, type, source, at, data, recorded_at)"
        " VALUES ('inbound', 3, 'k', $1, $2, 't', 's', now(), '{}', now() - make_interval(mins => $3))",
        uuid4(),
        TENANT,
        minutes_ago,
    )


async def read_all(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO consumer_position (consumer, partition, log, snapshot_old)"
        " VALUES ('intake', 3, 'postgres', pg_current_snapshot()::text)"
        " ON CONFLICT (consumer, partition, log) DO UPDATE SET snapshot_old = excluded.snapshot_old"
    )


class TestUnread:
    async def test_nothing(self, connection: asyncpg.Connection) -> None:
        assert (await look.unread(connection, "intake", "inbound")).text == "0 unread"

    @pytest.mark.parametrize(("minutes", "level"), [(0, Level.OK), (2, Level.WARN), (11, Level.FAIL)])
    async def test_level_goes_by_age(
        self, connection: asyncpg.Connection, minutes: int, level: Level
    ) -> None:
        await append(connection, minutes_ago=minutes)
        found = await look.unread(connection, "intake", "inbound")
        assert (found.level, found.text.split(",")[0]) == (level, "1 unread")

    async def test_what_was_read_does_not_count(self, connection: asyncpg.Connection) -> None:
        await append(connection, minutes_ago=60)
        await read_all(connection)
        await append(connection)
        assert (await look.unread(connection, "intake", "inbound")).text == "1 unread"

    async def test_batch_that_was_cut(self, connection: asyncpg.Connection) -> None:
        await read_all(connection)
        await append(connection)
        await append(connection)
        await connection.execute(
            "UPDATE consumer_position SET snapshot_new = pg_current_snapshot()::text,"
            " position = (SELECT min(position) FROM event_log)"
        )
        assert (await look.unread(connection, "intake", "inbound")).text == "1 unread"


class TestPositions:
    async def test_beyond_this_server(self, connection: asyncpg.Connection) -> None:
        await connection.execute(
            "INSERT INTO consumer_position (consumer, partition, log, snapshot_old)"
            " VALUES ('intake', 3, 'postgres', '99000000:99000000:')"
        )
        assert (await look.positions(connection)).level is Level.FAIL

    async def test_within(self, connection: asyncpg.Connection) -> None:
        await read_all(connection)
        assert (await look.positions(connection)).level is Level.OK


class TestRights:
    async def test_role_that_owns_a_table(self, connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE taken (); ALTER TABLE taken OWNER TO touchpoint_api")
        assert "touchpoint_api owns tables" in (await look.roles(connection)).text

    async def test_table_without_row_level_security(self, connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE bare (tenant_id uuid)")
        assert (await look.tenants_apart(connection)).text == "no row-level security on bare"


class TestSchema:
    async def test_of_another_version(self, connection: asyncpg.Connection) -> None:
        await connection.execute("UPDATE alembic_version SET version_num = '0000'")
        assert "`touchpoint migrate`" in (await look.schema(connection)).todo

    async def test_empty_database_is_not_looked_into(self, connection: asyncpg.Connection) -> None:
        await connection.execute("DROP TABLE alembic_version")
        subjects = [finding.subject async for finding in look.examine(connection)]
        assert subjects[-1] == "schema"


class TestDeadLetters:
    async def test_parked(self, connection: asyncpg.Connection) -> None:
        await connection.execute(
            "INSERT INTO dead_letter (id, tenant_id, source, raw, error) VALUES ($1, $2, 's', '', 'e')",
            uuid4(),
            TENANT,
        )
        found = await look.dead_letters(connection)
        assert found.text.startswith("1 parked")
        assert "replay" in found.todo
