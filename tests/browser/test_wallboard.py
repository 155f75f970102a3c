"""What a supervisor sees and does, in a real browser."""

import re
from datetime import datetime

import asyncpg
import pytest
from playwright.async_api import Page, expect

from tests.browser.screens import Screens
from tests.running import Lane

pytestmark = pytest.mark.browser

LONGER_THAN_A_SHORT_ABANDON = re.compile(r"0:0[7-9]|0:[1-5]\d")
"""Five seconds, as the wall's own clock tells it, and a little."""


@pytest.fixture
async def wall(screens: Screens) -> Page:
    return await screens.wallboard()


async def open_queue(wall: Page, lane: Lane) -> None:
    await wall.get_by_role("button", name=lane.queue, exact=True).click()


async def test_a_call_that_gives_up_is_counted_once_and_shown(wall: Page, lane: Lane) -> None:
    """Nobody is signed in: it waits, and says why; then it is abandoned, and a click shows that call."""
    call = lane.call("+8613912345678")
    await open_queue(wall, lane)
    waiting = wall.get_by_role("region", name=f"Waiting: {lane.queue}")
    await expect(waiting).to_contain_text("+8613912345678")
    await waiting.get_by_role("button", name="Why?").click()
    await expect(wall.get_by_role("cell", name="not signed in")).to_be_visible()
    await wall.keyboard.press("Escape")
    await expect(wall.get_by_role("dialog")).to_have_count(0)
    await expect(waiting).to_contain_text(LONGER_THAN_A_SHORT_ABANDON)
    lane.service.exchange.switch.hang_up(call.id)
    await expect(waiting).to_contain_text("Nobody is waiting.")
    row = wall.get_by_role("row").filter(has=wall.get_by_role("button", name=lane.queue, exact=True))
    await row.get_by_role("button", name="counted as Abandoned").click()
    await expect(wall.get_by_role("dialog")).to_contain_text("+8613912345678")
    await wall.keyboard.press("Escape")
    await expect(wall.get_by_text("The figures add up.")).to_be_visible()


async def test_a_queue_is_closed_and_opened_again(wall: Page, lane: Lane) -> None:
    await wall.get_by_role("button", name=f"Emergency closure: {lane.queue}", exact=True).click()
    await wall.get_by_label("Reason").fill("Fire drill")
    await wall.get_by_role("button", name="Close the queue").click()
    await expect(wall.get_by_text("Closed: Fire drill")).to_be_visible()
    await wall.get_by_role("button", name=f"Emergency closure: {lane.queue}", exact=True).click()
    await wall.get_by_role("button", name="Open again").click()
    await expect(wall.get_by_text("Closed: Fire drill")).to_have_count(0)


async def test_waiting_work_is_closed_by_force(wall: Page, lane: Lane) -> None:
    lane.call("+8613700000001")
    await open_queue(wall, lane)
    waiting = wall.get_by_role("region", name=f"Waiting: {lane.queue}")
    await waiting.get_by_role("button", name="Actions for +8613700000001").click()
    await wall.get_by_role("menuitem", name="Force-close").click()
    await wall.get_by_role("dialog").get_by_role("button", name="Force-close").click()
    await expect(waiting).to_contain_text("Nobody is waiting.")


async def test_many_who_wait_leave_the_queues_in_sight(wall: Page, lane: Lane) -> None:
    for number in range(60):
        lane.call(f"+86137000010{number:02d}")
    await open_queue(wall, lane)
    waiting = wall.get_by_role("region", name=f"Waiting: {lane.queue}")
    await expect(waiting.get_by_role("row")).to_have_count(60)
    queues = await wall.get_by_role("region", name="Queues", exact=True).bounding_box()
    table = await wall.get_by_role("table").first.bounding_box()
    assert queues and table and queues["height"] >= table["height"]


async def test_the_clock_begins_the_day_with_00(wall: Page) -> None:
    await wall.clock.set_fixed_time(datetime(2026, 11, 22, 0, 5))  # noqa: DTZ001 - the browser's own zone
    await expect(wall.get_by_text("Updated 00:05")).to_be_visible()


async def test_an_agent_is_only_shown_the_way_to_the_desktop(screens: Screens, lane: Lane) -> None:
    wall = await screens.wallboard(lane.email)
    await expect(wall.get_by_text("This page is for supervisors.")).to_be_visible()


async def test_routing_keeps_its_laws_and_an_agent_who_stops_responding_raises_an_alarm(
    wall: Page, lane: Lane
) -> None:
    routing = wall.get_by_role("region", name="Routing")
    await expect(routing).to_contain_text("Every law is kept")
    await expect(routing).to_contain_text("Idle beside waiting0:00")
    alarm = wall.get_by_role("alert").filter(has_text=f"{lane.queue}: 1 of 1 agents do not respond")
    async with lane.desktop() as agent:
        await stop_responding(lane)
        await expect(alarm).to_be_visible()
        await agent.client.be("available")
        await expect(alarm).to_have_count(0)


async def stop_responding(lane: Lane) -> None:
    """As after a missed offer, without waiting for one."""
    connection = await asyncpg.connect(lane.service.settings.database_url)
    await connection.execute(
        "UPDATE agent SET presence = 'not_responding', presence_reason = 'missed',"
        " presence_at = clock_timestamp() WHERE email = $1",
        lane.email,
    )
    await connection.close()
