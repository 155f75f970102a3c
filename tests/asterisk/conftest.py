"""One running service for all tests of this folder, with an Asterisk as telephone platform."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedPostgres
from tests.asterisk.lane import NIGHT_LANE, OUR_NUMBER, PATIENT_LANE, AsteriskLane
from tests.conftest import clone
from tests.platforms.ari import PASSWORD, USERNAME, Asterisk, serving
from tests.platforms.ari.server import Server
from tests.running import Service, running
from tests.waiting import eventually


@pytest.fixture(scope="package")
async def exchange() -> AsyncIterator[Server]:
    async with serving(Asterisk()) as server:
        yield server


@pytest.fixture(scope="package")
async def service(
    exchange: Server,
    postgres: EmbeddedPostgres,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Service]:
    def with_asterisk(document: dict[str, Any]) -> None:
        config = {"url": exchange.url, "username": USERNAME, "password": PASSWORD}
        config |= {"numbers": "PJSIP/{number}@out", "address": OUR_NUMBER}
        config |= {"recording": "opt_in", "copy_recordings": True}
        endpoint = {"key": "asterisk", "adapter": "ari", "queue": "lane-1", "config": config}
        document["endpoints"].append(endpoint)
        for agent in document["agents"]:
            for device in agent.get("devices", []):
                device["endpoint"] = "asterisk"

        document["queues"][-1]["channels"]["voice"]["accept"] = "device"
        document["queues"][PATIENT_LANE - 1]["channels"]["voice"]["connect_seconds"] = 60
        document["calendars"] = [{"key": "never", "weekly": {}}]
        door = {"hours": "never", "closed": {"announcement": "closed", "voicemail": True}}
        document["queues"].append({"key": "night", "teams": [{"key": f"team-{NIGHT_LANE}"}], **door})

    folder: Path = tmp_path_factory.mktemp("service")
    async with (
        clone(postgres, template_database) as url,
        running(url, folder, lanes=80, shape=with_asterisk, live_calls_seconds=2) as service,
    ):
        await eventually(lambda: exchange.asterisk.listeners.get("touchpoint"), seconds=30)
        yield service


@pytest.fixture
def lane(service: Service, exchange: Server) -> AsteriskLane:
    return AsteriskLane(service.lane(), exchange)
