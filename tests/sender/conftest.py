"""One post office a test."""

from collections.abc import AsyncIterator

import pytest

from tests.sender.office import Office, open_office
from tests.sender.parts import Post, open_post


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    async with open_post(database_url) as opened:
        yield opened


@pytest.fixture
async def office(post: Post) -> AsyncIterator[Office]:
    async with open_office(post) as opened:
        yield opened
