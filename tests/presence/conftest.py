"""A center per test, over a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.worker.center import Center, open_center


@pytest.fixture
async def center(database_url: str) -> AsyncIterator[Center]:
    async with open_center(database_url) as center:
        yield center
