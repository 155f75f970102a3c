"""A task, from the dialog to its end."""

import pytest
from playwright.async_api import expect

from tests.browser.screens import Desk
from tests.running import Lane

pytestmark = pytest.mark.browser


async def test_a_task_is_made_offered_accepted_and_closed(desk: Desk, lane: Lane) -> None:
    page = desk.page
    await page.get_by_role("button", name="New task").click()
    dialog = page.get_by_role("dialog", name="New task")
    await dialog.get_by_role("combobox", name="Queue").fill(lane.queue)
    await page.get_by_role("option", name=lane.queue, exact=True).click()
    await dialog.get_by_role("textbox", name="What is to be done").fill("Check invoice 7")
    await dialog.get_by_role("textbox", name="Details").fill("The sums differ.")
    await dialog.get_by_label("Promised until").fill("2031-05-06T17:00")
    await dialog.get_by_role("button", name="Create task").click()
    await expect(desk.offer).to_contain_text("Check invoice 7")
    await expect(desk.offer).to_contain_text("promised until May 6, 2031")
    await desk.accept()
    await expect(desk.conversation).to_contain_text("The sums differ.")
    await page.get_by_role("button", name="Close", exact=True).click()
    await expect(page.get_by_text("Nothing in hand")).to_be_visible()


async def test_a_call_interrupts_it_until_it_is_wrapped_up(desk: Desk, lane: Lane) -> None:
    async with lane.desktop(available=False) as maker:
        task = {"queue": lane.queue, "title": "Check invoice 8", "text": "The sums differ."}
        (await maker.client.post("/v1/tasks", task)).raise_for_status()
    await desk.accept()
    row = desk.page.get_by_role("button", name="Open Task of Check invoice 8")
    await expect(row).to_contain_text("Active")
    lane.call()
    await desk.accept()
    await expect(desk.call).to_contain_text("Connected")
    await expect(row).to_contain_text("Interrupted by a call")
    await desk.page.get_by_role("button", name="Hang up").click()
    await desk.page.get_by_role("button", name="Finish").click()
    await expect(row).to_contain_text("Active")
