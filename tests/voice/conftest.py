"""One running service for all tests of this folder; each takes a lane of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedPostgres
from tests.conftest import clone
from tests.running import Lane, Service, running

NIGHT_LANE = 200
"""Whose agent works on what callers say at night; no test's own."""


def with_recordings(document: dict[str, Any]) -> None:
    """What the exchange records is copied, and at night it takes messages."""
    document["endpoints"][0]["config"]["copy_recordings"] = True
    document["calendars"] = [{"key": "never", "weekly": {}}]
    door = {"hours": "never", "closed": {"announcement": "closed", "voicemail": True}}
    document["queues"].append({"key": "night", "teams": [{"key": f"team-{NIGHT_LANE}"}], **door})


@pytest.fixture(scope="package")
async def service(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    folder: Path = tmp_path_factory.mktemp("service")
    async with (
        clone(postgres, template_database) as url,
        running(url, folder, lanes=200, shape=with_recordings) as service,
    ):
        yield service


@pytest.fixture
def lane(service: Service) -> Lane:
    return service.lane()
