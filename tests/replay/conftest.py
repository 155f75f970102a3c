"""A center whose worker writes the journal, and the command that replays it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from app.database import Database
from app.replay.proof import run
from app.replay.record import Wanted
from app.settings import Settings
from tests.worker.center import Center, open_center


@dataclass
class Recorder:
    """`center` works; the journal is looked at, and changed, as the database's owner."""

    center: Center
    settings: Settings
    owner: Database
    capsys: pytest.CaptureFixture[str]

    async def replay(self, start: str = "2000-01-01", end: str = "2100-01-01", **more: Any) -> dict[str, Any]:
        """The command's answer as JSON; its exit code is `exit`."""
        self.capsys.readouterr()  # what the worker logged meanwhile
        code = await run(self.settings, Wanted(start, end, **more), True)
        answer: dict[str, Any] = orjson.loads(self.capsys.readouterr().out)
        return {**answer, "exit": code}

    async def printed(self, start: str = "2000-01-01", end: str = "2100-01-01") -> str:
        self.capsys.readouterr()
        await run(self.settings, Wanted(start, end), False)
        return self.capsys.readouterr().out

    async def change(self, statement: str, **values: Any) -> None:
        async with self.owner.transaction() as session:
            await session.execute(text(statement), values)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.owner.read() as session:
            return list((await session.execute(text(query), values)).all())

    async def kinds(self) -> list[str]:
        return [row.kind for row in await self.rows("SELECT kind FROM routing_journal ORDER BY position")]


@pytest.fixture
async def recorder(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Recorder]:
    async with open_center(database_url) as center:
        owner = Database(database_url, pooled=False)
        settings = Settings(data_dir=tmp_path, database_url=database_url)
        yield Recorder(center, settings, owner, capsys)
        await owner.close()
