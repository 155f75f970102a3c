"""One running service whose number is at a Twilio of our own, for all tests of this folder."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.embedded import EmbeddedPostgres
from demo.pbx.switch import Device
from demo.twilio import FakeTwilio
from demo.twilio.calls import Call
from tests.conftest import clone
from tests.platforms.twilio import official, serving
from tests.ports import free_port
from tests.running import Lane, Service, running

ACCOUNT = "ACae6e420f425248d6a26948c17a9e2acf"
TOKEN = "a token of tests"
NUMBER = "+14155550100"
CALLER = "+14158675309"
LANES = 80
MOBILE = "+14155550159"
"""The last agent but one is called outside, and asked to press 1."""

NIGHT_LANE = LANES - 2
"""Whose agent works on what callers say at night; no test's own."""

RECORDED = {"recording": "opt_in", "recording_notice": "May we record? Press 1.", "copy_recordings": True}


@dataclass
class Line:
    """A lane whose agent's phone rings at Twilio."""

    lane: Lane
    twilio: FakeTwilio

    @property
    def device(self) -> str:
        return f"sip:{1000 + self.lane.number}@phones.test"

    def behaves(self, device: Device) -> None:
        self.twilio.exchange.devices[self.device] = device

    def call(self, caller: str = CALLER, *, keys: tuple[str, ...] = (), at: str | None = None) -> Call:
        return self.twilio.exchange.call(caller, f"queue={self.lane.queue}", keys, at)


@dataclass
class Office:
    """`line()` hands out unused lanes; calls to `recorded` are recorded if the caller agrees."""

    service: Service
    twilio: FakeTwilio
    recorded: str

    def line(self) -> Line:
        return Line(self.service.lane(), self.twilio)

    def mobile_line(self) -> Line:
        return Line(Lane(LANES - 1, self.service), self.twilio)

    def patient_line(self) -> Line:
        """The last lane: its phone may ring for long."""
        return Line(Lane(LANES, self.service), self.twilio)


def _with_twilio(document: dict[str, Any], api_url: str) -> None:
    config = {"account_sid": ACCOUNT, "auth_token": TOKEN, "address": NUMBER, "api_url": api_url}
    voice = {
        "greeting": "Welcome.",
        "menu": "Press 1 to be called back.",
        "announcements": {"callback": "We shall call you.", "closed": "We are closed."},
        "ring_seconds": 60,
    }
    document["endpoints"] += [
        {"key": "phone", "adapter": "twilio-voice", "queue": "lane-1", "config": config | voice},
        {"key": "recorded", "adapter": "twilio-voice", "queue": "lane-1", "config": config | RECORDED},
        {"key": "texts", "adapter": "twilio-sms", "queue": "lane-1", "config": config},
    ]
    for queue in document["queues"]:
        queue["callback"]["announcement"] = "callback"
    document["calendars"] = [{"key": "never", "weekly": {}}]
    door = {"hours": "never", "closed": {"announcement": "closed", "voicemail": True}}
    document["queues"].append({"key": "night", "teams": [{"key": f"team-{NIGHT_LANE}"}], **door})
    document["queues"][LANES - 1]["channels"]["voice"]["connect_seconds"] = 60
    for number, agent in enumerate(document["agents"][:-1], 1):
        address = f"sip:{1000 + number}@phones.test"
        agent["devices"] += [{"endpoint": key, "address": address} for key in ("phone", "recorded")]
    document["agents"][LANES - 2]["devices"][-2] = {
        "endpoint": "phone",
        "address": MOBILE,
        "confirm_key": True,
    }


@pytest.fixture(scope="package")
async def office(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    folder: Path = tmp_path_factory.mktemp("twilio")
    port = free_port()
    twilio = FakeTwilio(ACCOUNT, TOKEN, NUMBER, answer_seconds=0.05, sign=official(TOKEN))
    async with (
        serving(twilio) as api_url,
        clone(postgres, template_database) as url,
        running(
            url,
            folder,
            lanes=LANES,
            shape=lambda document: _with_twilio(document, api_url),
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            live_calls_seconds=2,
        ) as service,
    ):
        voice, texts, recorded = (
            f"{service.url}{service.endpoints[key]['path']}" for key in ("phone", "texts", "recorded")
        )
        twilio.connect(voice, texts)
        yield Office(service, twilio, recorded)


@pytest.fixture
def line(office: Office) -> Line:
    return office.line()
