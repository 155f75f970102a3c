"""One running service for all tests of this folder; each takes a lane of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.running import Lane, Service, running


@pytest.fixture(scope="package")
async def service(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    folder: Path = tmp_path_factory.mktemp("service")
    async with clone(postgres, template_database) as url, running(url, folder, lanes=200) as service:
        yield service


@pytest.fixture
def lane(service: Service) -> Lane:
    return service.lane()
