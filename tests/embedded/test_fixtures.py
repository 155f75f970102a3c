"""The shared fixtures: what every other test stands on."""

from pathlib import Path

import asyncpg


async def test_database_is_migrated_and_empty(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        assert await connection.fetchval("SELECT count(*) FROM tenant") == 0
        await connection.execute("CREATE TABLE left_over ()")
    finally:
        await connection.close()


async def test_each_test_has_its_own(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT to_regclass('left_over')") is None
    finally:
        await connection.close()


def test_corpora_are_beside_the_repository(shared_data: Path) -> None:
    assert (shared_data / "README.md").is_file()
