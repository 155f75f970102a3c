"""One running service for the tests of desktops, calls and workers; each takes a lane of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.outage.parts import KNOBS, two_agents_a_lane
from tests.partitions import all_taken
from tests.running import Lane, Service, running


@pytest.fixture(scope="package")
async def service(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    folder: Path = tmp_path_factory.mktemp("service")
    async with (
        clone(postgres, template_database) as url,
        running(url, folder, lanes=30, shape=two_agents_a_lane, **KNOBS) as service,
    ):
        yield service


@pytest.fixture
async def lane(service: Service) -> Lane:
    """Its worker is at work, whatever the test before has done to it."""
    await all_taken(service.supervisor.database_url)
    return service.lane()
