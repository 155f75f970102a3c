"""One house a test."""

from collections.abc import AsyncIterator

import pytest

from tests.intake.house import House, open_house


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        yield opened
