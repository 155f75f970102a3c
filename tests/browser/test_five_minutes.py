"""What a newcomer is shown first, in one go: `touchpoint demo` itself, two windows of the company's side
and one of the customer's."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.screens import Desk, Windows, fill_in
from tests.ports import free_port

START_SECONDS = 120
SERVED_MS = WORKER_IS_BACK_MS = 60_000
PASSWORD = "demo"
LONGER_THAN_A_SHORT_ABANDON = re.compile(r"0:0[7-9]|0:[1-5]\d")
CALL_OF_TODAY = re.compile(r"^Call from the customer Call \d\d:\d\d")
WANG, STRANGER = "王建国 · Platinum", "Somebody new"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(START_SECONDS + 240)]


@dataclass(frozen=True)
class Company:
    """Where the demo says to click."""

    desktop: str
    customer: str
    wallboard: str


@asynccontextmanager
async def company(folder: Path) -> AsyncIterator[Company]:
    """A demo with data of its own, from its first line to Ctrl-C, which ends it quietly."""
    command = [sys.executable, "-m", "app.cli", "demo", "--data", str(folder), "--port", str(free_port())]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            said = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        desktop, customer, wallboard = re.findall(r"http://\S+", said)
        yield Company(desktop, customer, wallboard)
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all in the foreground
        rest = (await process.communicate())[0].decode()
        sys.stderr.write(rest)
    assert rest.endswith("All stopped; the data is kept.\n") and "Traceback" not in rest


@dataclass
class Scene:
    """The three windows."""

    desk: Desk
    customer: Page
    wall: Page

    @property
    def phone(self) -> Locator:
        return self.customer.get_by_role("region", name="Phone")

    @property
    def waiting(self) -> Locator:
        """Who waits in Orders, in order."""
        return self.wall.get_by_role("region", name="Waiting: orders").get_by_role("row")

    @property
    def orders(self) -> Locator:
        """The queue's line."""
        return self.wall.get_by_role("row").filter(
            has=self.wall.get_by_role("button", name="orders", exact=True)
        )

    async def dial_as(self, who: str) -> None:
        await self.customer.get_by_role("radiogroup", name="I am").get_by_text(who, exact=True).click()
        await self.phone.get_by_role("button", name="Call", exact=True).click()

    async def call_as(self, who: str) -> None:
        await self.dial_as(who)
        await expect(self.phone).to_contain_text("You hear music")

    async def hang_up(self) -> None:
        await self.phone.get_by_role("button", name="Hang up").click()

    async def turn(self, label: str) -> None:
        """One of the switches behind the scene."""
        switch = self.customer.get_by_role("switch", name=label)
        was = await switch.is_checked()
        await switch.click()
        await expect(switch).to_be_checked(checked=not was)

    async def why(self, of: str) -> Locator:
        await self.waiting.filter(has_text=of).get_by_role("button", name="Why?").click()
        return self.wall.get_by_role("dialog")


@pytest.fixture
async def scene(browser: Browser, tmp_path: Path) -> AsyncIterator[Scene]:
    """All is calm: no played customer comes, who came before is served, and the played agents are away."""
    async with Windows(browser).closed_at_the_end() as windows, company(tmp_path) as demo:
        customer, wall, mine = await windows.open(), await windows.open(), await windows.open()
        await customer.goto(demo.customer)
        scene = Scene(Desk(mine), customer, wall)
        await scene.turn("Played customers keep coming")
        await wall.goto(demo.wallboard)
        await fill_in(wall, "boss@demo.test", "demo", PASSWORD)
        await mine.goto(demo.desktop)
        await fill_in(mine, "you@demo.test", "demo", PASSWORD)
        await expect(wall.get_by_role("group", name="Waiting", exact=True)).to_have_text(
            "Waiting0", timeout=SERVED_MS
        )
        await wall.get_by_role("button", name="orders", exact=True).click()
        await expect(wall.get_by_text("Nobody is waiting.")).to_be_visible()
        await scene.turn("The played agents are at work")
        yield scene


async def test_the_five_minutes(scene: Scene) -> None:
    await platinum_overtakes_three(scene)
    await hung_up_while_it_rings(scene)
    await my_phone_does_not_answer(scene)
    await the_worker_is_killed_while_it_rings(scene)
    await three_times_the_same_webhook(scene)
    await the_wrong_customer(scene)
    await closed_and_opened(scene)


async def platinum_overtakes_three(scene: Scene) -> None:
    """Said in both languages, while all wait."""
    await scene.customer.get_by_role("button", name="Three callers of the lead tier").click()
    await expect(scene.waiting.filter(has_text="Lead")).to_have_count(3)
    await scene.call_as(WANG)
    await expect(scene.waiting.first).to_contain_text("王建国")
    why = await scene.why("王建国")
    await expect(why).to_contain_text("It goes before 3 that have waited longer.")
    await expect(why).to_contain_text("head start 10:00 (Platinum)")
    await scene.wall.keyboard.press("Escape")
    await speak(scene.wall, "中文")
    await scene.wall.get_by_role("row", name="王建国").get_by_role("button", name="为什么？").click()
    why = scene.wall.get_by_role("dialog")
    await expect(why).to_contain_text("它排在 3 个等待更久的请求之前。")
    await scene.wall.keyboard.press("Escape")
    await speak(scene.wall, "English")


async def hung_up_while_it_rings(scene: Scene) -> None:
    """The offer goes at once, the call is counted once as abandoned, and a click shows it."""
    await expect(scene.waiting.first).to_contain_text(LONGER_THAN_A_SHORT_ABANDON)
    await scene.desk.be_available()
    await expect(scene.desk.offer).to_contain_text("王建国")
    await scene.hang_up()
    await expect(scene.desk.offer.filter(has_text="王建国")).to_have_count(0, timeout=2000)
    await scene.orders.get_by_role("button", name="1. Show the interactions counted as Abandoned").click()
    await expect(scene.wall.get_by_role("dialog")).to_contain_text("王建国")
    await scene.wall.keyboard.press("Escape")


async def my_phone_does_not_answer(scene: Scene) -> None:
    """The first of the three callers is back in front with the time they have waited."""
    await scene.turn("The phone on my desk answers")
    await expect(scene.desk.offer).to_be_visible()
    who = await scene.desk.offer.get_by_role("heading").inner_text()
    await scene.desk.accept()
    await expect(scene.desk.page.get_by_text("Your phone did not answer")).to_be_visible()
    await expect(scene.waiting).to_have_count(3)
    await expect(scene.waiting.first).to_contain_text(who)
    await expect(scene.waiting.first).to_contain_text(LONGER_THAN_A_SHORT_ABANDON)
    await scene.turn("The phone on my desk answers")
    await scene.desk.page.get_by_role("button", name="I am back").click()
    await expect(scene.desk.offer).to_contain_text(who)


async def the_worker_is_killed_while_it_rings(scene: Scene) -> None:
    """It goes on ringing and can be accepted; the phone rings when a worker is back."""
    async with scene.customer.expect_response("**/demo/kill/worker"):
        await scene.customer.get_by_role("button", name="Kill the worker").click()
    await scene.desk.accept()
    await expect(scene.desk.call).to_contain_text("Connected", timeout=WORKER_IS_BACK_MS)


async def three_times_the_same_webhook(scene: Scene) -> None:
    """Wang calls again, each event thrice: beside the call they gave up, their timeline has one more."""
    desk = scene.desk
    await scene.turn("Every webhook of the telephone exchange is sent three times")
    await scene.call_as(WANG)
    await desk.page.get_by_role("button", name="Hang up").click()
    await desk.page.get_by_role("button", name="Finish").click()
    await expect(desk.offer).to_contain_text("王建国")
    await desk.accept()
    await expect(desk.call).to_contain_text("Connected")
    await expect(desk.timeline.get_by_role("button", name=CALL_OF_TODAY)).to_have_count(2)
    await expect(desk.timeline.get_by_text("hung up while waiting")).to_have_count(1)
    await scene.turn("Every webhook of the telephone exchange is sent three times")


async def the_wrong_customer(scene: Scene) -> None:
    """It is not Wang who calls from Wang's phone: corrected for this call alone, and taken back."""
    page = scene.desk.page
    await page.keyboard.press("Alt+c")
    await page.get_by_role("dialog").get_by_label("Search").fill("David Smith")
    await page.get_by_role("button", name="This is David Smith").first.click()
    await expect(page.get_by_role("heading", name="David Smith")).to_have_count(2)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", name="王建国")).to_have_count(2)


async def closed_and_opened(scene: Scene) -> None:
    """Who calls while it is closed is turned away and counted so; after it, they wait as ever."""
    closure = scene.wall.get_by_role("button", name="Emergency closure: orders")
    await closure.click()
    await scene.wall.get_by_label("Reason").fill("Water in the cellar")
    await scene.wall.get_by_role("button", name="Close the queue").click()
    await expect(scene.orders).to_contain_text("Closed: Water in the cellar")
    await scene.hang_up()
    await expect(scene.phone).to_contain_text("The call has ended")
    await scene.dial_as(STRANGER)
    turned_away = scene.orders.get_by_role("button", name="1. Show the interactions counted as Turned away")
    await expect(turned_away).to_be_visible()
    await expect(scene.phone).to_contain_text("The call has ended")
    await closure.click()
    await scene.wall.get_by_role("button", name="Open again").click()
    await expect(scene.orders).not_to_contain_text("Closed:")
    await scene.call_as(STRANGER)
    await expect(scene.waiting.filter(has_text="+861591")).to_have_count(1)


async def speak(page: Page, language: str) -> None:
    await page.get_by_role("button", name=re.compile("Language|语言")).click()
    await page.get_by_role("menuitem", name=language).click()
