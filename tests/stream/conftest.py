"""A center with one api process per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stream.desktops import Api, open_api
from tests.worker.center import Center, open_center


@pytest.fixture
async def center(database_url: str) -> AsyncIterator[Center]:
    async with open_center(database_url) as center:
        yield center


@pytest.fixture
async def api(center: Center, tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(center, tmp_path) as api:
        yield api
