"""A running service and a real browser, shared by all tests of this folder; each takes a lane of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from app.embedded import EmbeddedPostgres
from app.pages import DESKTOP, STATIC
from demo.desk_client import desktop
from tests.browser.messenger import Messenger, open_messenger
from tests.browser.screens import CHROMIUM, FLAGS, Desk, Screens
from tests.conftest import clone
from tests.running import PASSWORD, Lane, Service, running

pytestmark = pytest.mark.browser


IDENTITY_SECRET = "a secret that only the shop and we know"


def own_rules(document: dict[str, Any]) -> None:
    """Calls interrupt tasks; the last lane's calls are accepted for its agent, who alone of the lanes' agents
    may not see identity numbers. Chats for a shop's pages, and one number in the address book."""
    for agent in document["agents"][:-2]:  # the last two: that agent, and the boss
        agent["roles"] = ["agent", "identity_reader"]
    document["work"] = {"interrupts": {"voice": ["task"]}}
    document["queues"][-1]["channels"]["voice"]["auto_accept"] = True
    for queue in document["queues"]:
        queue["templates"] = [
            {"key": "wait", "name": "Please wait", "language": "en", "text": "A moment, please."},
            {"key": "thanks", "name": "Thanks", "language": "en", "text": "Dear {customer}, thank you."},
        ]
    document["address_book"] = [{"name": "Courier", "address": "+8613900139666"}]
    document["calendars"] = [{"key": "never", "weekly": {}}]
    closed = {"announcement": "We are closed."}
    document["teams"].append({"key": "nobody"})  # a form comes in all the same, and nobody is offered it
    document["queues"].append(
        {"key": "night", "teams": [{"key": "nobody"}], "hours": "never", "closed": closed}
    )
    shop = {
        "identity_secret": IDENTITY_SECRET,
        "greeting": {"en": "Welcome to the shop!"},
        "callback_form": "call-me",
    }
    document["endpoints"] += [
        {"key": "quiet-form", "adapter": "form", "queue": "night", "silent_after_seconds": 60},
        {"key": "call-me", "adapter": "form", "queue": "lane-1", "config": {"callback": True}},
        {"key": "shop-chat", "adapter": "chat", "queue": "lane-1", "config": shop},
        {
            "key": "asking-chat",
            "adapter": "chat",
            "queue": "lane-1",
            "config": {"pre_chat": ["name", "email", "question"], "color": "#0077dd"},
        },
        {
            "key": "night-chat",
            "adapter": "chat",
            "queue": "night",
            "config": {"offline_form": "contact-form"},
        },
    ]


@pytest.fixture(scope="package")
async def whatsapp() -> AsyncIterator[Messenger]:
    async with open_messenger() as messenger:
        yield messenger


@pytest.fixture(scope="package")
async def service(
    postgres: EmbeddedPostgres,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
    whatsapp: Messenger,
) -> AsyncIterator[Service]:
    assert (STATIC / DESKTOP).is_file(), "the pages are not built: make setup"
    folder: Path = tmp_path_factory.mktemp("service")

    def shape(document: dict[str, Any]) -> None:
        own_rules(document)
        whatsapp.add_to(document)

    async with (
        clone(postgres, template_database) as url,
        running(url, folder, lanes=60, shape=shape) as service,
    ):
        yield service


@pytest.fixture(scope="package")
def first_lane(service: Service) -> Lane:
    """The one whose queue the chat and the form lead to."""
    return service.lane()


async def emptied(lane: Lane) -> Lane:
    """Without what earlier tests have left there."""
    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        left = (await boss.http.get("/v1/interactions", params={"queue": lane.queue})).json()["items"]
        for item in left:
            (await boss.post(f"/v1/interactions/{item['id']}/force-close")).raise_for_status()
    return lane


@pytest.fixture
async def chat_lane(first_lane: Lane) -> Lane:
    return await emptied(first_lane)


@pytest.fixture
def lane(service: Service, first_lane: Lane) -> Lane:
    return service.lane()


@pytest.fixture
async def eager_lane(service: Service) -> Lane:
    """The last one, which no other fixture takes."""
    return await emptied(Lane(service.lanes, service))


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip("no Chromium at /usr/bin/chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def screens(browser: Browser, service: Service) -> AsyncIterator[Screens]:
    """Windows that fail the test if a script of theirs did."""
    async with Screens(browser, service).closed_at_the_end() as screens:
        yield screens


@pytest.fixture
async def desk(screens: Screens, lane: Lane) -> Desk:
    """The lane's agent, signed in and available."""
    return await screens.desk(lane.email, available=True)
