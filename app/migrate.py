"""Bring a database to this version's schema: Alembic, run in-process, under a lock so that two may start
at once."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).resolve().parent.parent


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["database_url"] = database_url
    return config


async def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade to `revision`. The URL's user owns the schema and may create roles."""
    await asyncio.to_thread(command.upgrade, _config(database_url), revision)
