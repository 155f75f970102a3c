"""One container and its client per test, over a database of its own; two tenants with the same keys."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.container import Container
from tests.parts import SeededTenant, client_of, open_test_container, seed
from tests.routers.chat_site import Site, open_site


@pytest.fixture
async def container(database_url: str, tmp_path: Path) -> AsyncIterator[Container]:
    async with open_test_container(database_url, tmp_path) as container:
        yield container


@pytest.fixture
async def client(container: Container) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(container) as client:
        yield client


@pytest.fixture
async def acme(container: Container) -> SeededTenant:
    return await seed(container, "acme")


@pytest.fixture
async def other(container: Container) -> SeededTenant:
    return await seed(container, "other")


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Chats at two api processes."""
    async with open_site(database_url, tmp_path) as site:
        yield site
