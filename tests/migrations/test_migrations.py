"""The migrations make exactly what the models say, and run on a database that is in use."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.database import async_url
from app.embedded import EmbeddedPostgres
from app.events import PARTITIONS
from app.migrate import migrate
from models import Base


@pytest.fixture
async def empty_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    name = f"empty_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_object": _is_modelled}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))


def _is_modelled(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Indexes that need an extension are made by the migration alone."""
    return not (kind == "index" and (name or "").endswith("_trigram"))


class TestMigrations:
    async def test_make_what_the_models_say(self, database_url: str) -> None:
        engine = create_async_engine(async_url(database_url), poolclass=NullPool)
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
        assert found == []

    async def test_run_on_a_filled_database_and_again(self, empty_url: str) -> None:
        await migrate(empty_url, "0001")
        connection = await asyncpg.connect(empty_url)
        await connection.execute(
            "INSERT INTO tenant (id, key, name, time_zone, languages, outbound_allow, secret) "
            "VALUES (gen_random_uuid(), 'acme', 'Acme', 'UTC', '{en}', '{}', '')"
        )
        await migrate(empty_url)
        await migrate(empty_url)
        assert await connection.fetchval("SELECT key FROM find_tenant('acme')") == "acme"
        assert await connection.fetchval("SELECT partitions FROM installation") == PARTITIONS
        await connection.close()

    async def test_leave_the_service_owning_nothing(self, database_url: str) -> None:
        connection = await asyncpg.connect(database_url)
        owned = await connection.fetch(
            "SELECT relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE r.rolname IN ('touchpoint_api', 'touchpoint_worker')"
        )
        unguarded = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id') "
            "AND NOT (relrowsecurity AND relforcerowsecurity)"
        )
        await connection.close()
        assert owned == []
        infrastructure = {"event_log", "dead_letter", "delivery", "agent_lease", "endpoint_state"}
        assert {row["relname"] for row in unguarded} == infrastructure

    @pytest.mark.parametrize("role", ["touchpoint_api", "touchpoint_worker"])
    @pytest.mark.parametrize("table", ["policy", "routing_journal"])
    async def test_let_nobody_change_what_was_published_or_recorded(
        self, database_url: str, role: str, table: str
    ) -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute(f"SET ROLE {role}")
        for statement in (f"UPDATE {table} SET document = '{{}}'", f"TRUNCATE {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        if (role, table) != ("touchpoint_worker", "routing_journal"):  # it deletes what is too old
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DELETE FROM {table}")
        await connection.close()
