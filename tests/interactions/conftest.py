"""An office per test, over a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interactions.office import Office
from tests.parts import client_of, open_test_container, seed


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with open_test_container(database_url, tmp_path) as container, client_of(container) as client:
        office = Office(container, client, await seed(container, "acme"))
        await office.furnish()
        yield office
