"""The pages for people who do not see them well, or have no mouse."""

import pytest
from playwright.async_api import expect

from tests.browser.screens import NAME_WITHOUT_ALL_THAT_IS_SHOWN, Desk, Screens, violations
from tests.running import Lane

pytestmark = pytest.mark.browser


class TestAxeFindsNothing:
    async def test_on_the_desktop(self, desk: Desk, lane: Lane) -> None:
        lane.call("+8613800138000")
        await expect(desk.offer).to_be_visible()
        assert await violations(desk.page, but=NAME_WITHOUT_ALL_THAT_IS_SHOWN) == []
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        await expect(desk.timeline).to_be_visible()
        assert await violations(desk.page, but=NAME_WITHOUT_ALL_THAT_IS_SHOWN) == []
        await desk.page.get_by_role("button", name="Why?").click()
        await expect(desk.page.get_by_text("has been free the longest")).to_be_visible()
        assert await violations(desk.page, but=NAME_WITHOUT_ALL_THAT_IS_SHOWN) == []

    async def test_on_the_pages_around_it(self, screens: Screens, lane: Lane) -> None:
        lane.call("+8613800138000")
        wall = await screens.wallboard()
        await wall.get_by_role("button", name=lane.queue, exact=True).click()
        waiting = wall.get_by_role("region", name=f"Waiting: {lane.queue}")
        await expect(waiting).to_contain_text("+8613800138000")
        await expect(wall.get_by_role("region", name="Channels")).to_contain_text("hotline")
        assert await violations(wall) == []
        await wall.get_by_role("button", name="Sign out").click()
        await expect(wall.get_by_role("heading", name="Sign in to Touchpoint")).to_be_visible()
        assert await violations(wall) == []
        customer = await screens.customer("+8613800138000")
        await expect(customer.get_by_role("region", name="Phone")).to_be_visible()
        assert await violations(customer) == []


async def test_what_had_the_focus_has_it_again_after_a_dialog(desk: Desk, lane: Lane) -> None:
    lane.call()
    await desk.accept()
    await expect(desk.call).to_contain_text("Connected")
    note = desk.page.get_by_placeholder("Internal note")
    await note.focus()
    await desk.page.keyboard.press("Alt+t")
    await expect(desk.page.get_by_role("dialog", name="Transfer")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)
    await expect(note).to_be_focused()
