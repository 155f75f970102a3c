"""An exchange that is listened to."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.ari.desk import Desk, opened


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened() as desk:
        await desk.listen()
        yield desk
