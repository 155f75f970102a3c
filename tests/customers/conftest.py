"""One office a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.customers.desk import Office, open_office


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(database_url, tmp_path) as opened:
        yield opened
