"""A callback clicked through: from the customer's key to the end of the call that the agent makes."""

import pytest
from playwright.async_api import expect

from tests.browser.screens import Desk, Screens
from tests.running import Lane
from tests.voice.test_callback import lives_where_it_is, number_of

pytestmark = pytest.mark.browser


async def test_the_caller_presses_one_and_is_called_back(screens: Screens, lane: Lane) -> None:
    async with lane.desktop(available=False) as setting:
        await lives_where_it_is(setting, lane, 14)
    desk = await screens.desk(lane.email)
    call = lane.call(number_of(lane))
    await desk.page.get_by_role("tab", name="Waiting in queues").click()
    row = desk.page.locator(".row", has_text=lane.queue)
    await expect(row).to_be_visible()
    lane.service.exchange.switch.press(call.id, "1")
    await expect(row).to_contain_text("Callback")
    await desk.be_available()
    await expect(desk.offer).to_contain_text("Callback")
    await expect(desk.offer).to_contain_text(f"Number to call: {number_of(lane)}")
    await desk.accept()
    await expect(desk.call).to_contain_text("Connected")
    await desk.page.get_by_role("button", name="Hang up").click()
    await desk.page.get_by_role("button", name="Finish").click()


async def test_the_phone_of_the_customers_page_takes_our_call(screens: Screens, chat_lane: Lane) -> None:
    async with chat_lane.desktop(available=False) as setting:
        await lives_where_it_is(setting, chat_lane, 14)
    customer = await screens.customer(number_of(chat_lane))
    phone = customer.get_by_role("region", name="Phone")
    await phone.get_by_role("button", name="Call", exact=True).click()
    await expect(phone).to_contain_text("You hear music")
    await phone.get_by_role("button", name="Press 1: call me back").click()
    await expect(phone).to_contain_text("The call has ended")
    desk = await screens.desk(chat_lane.email, available=True)
    await expect(desk.offer).to_contain_text("Callback")
    await desk.accept()
    await expect(desk.call).to_contain_text("Connected")
    await expect(phone).to_contain_text("You are talking to an agent")
    await phone.get_by_role("button", name="Hang up").click()
    await desk.page.get_by_role("button", name="Finish").click()


async def test_an_agent_arranges_one_for_later(desk: Desk, lane: Lane) -> None:
    lane.call(number_of(lane))
    await desk.accept()
    await expect(desk.call).to_contain_text("Connected")
    await desk.page.get_by_role("button", name="Call back").click()
    dialog = desk.page.get_by_role("dialog", name="Call back")
    await dialog.get_by_role("radio", name="At a time").check()
    await dialog.get_by_label("At a time").last.fill("2031-05-06T14:00")
    await dialog.get_by_role("button", name="Arrange callback").click()
    await expect(desk.page.get_by_text("The callback is arranged, not before")).to_be_visible()
    await expect(desk.call).to_contain_text("Connected")
    await desk.page.get_by_role("tab", name="Waiting in queues").click()
    row = desk.page.locator(".row", has_text=lane.queue)
    await expect(row).to_contain_text("2031")
