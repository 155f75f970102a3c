"""An identity number in a conversation: masked, and shown to who may see it and says why."""

import pytest
from playwright.async_api import expect

from demo.desk_client import desktop
from tests.browser.screens import NAME_WITHOUT_ALL_THAT_IS_SHOWN, Desk, Screens, violations
from tests.running import PASSWORD, Lane

pytestmark = pytest.mark.browser

NUMBER, MASKED = "11010119900307109X", "110101********109X"


async def _asked(lane: Lane, screens: Screens, language: str = "en-US") -> Desk:
    """A task with a number in it lies before the lane's agent."""
    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        task = {"queue": lane.queue, "title": "Find the contract", "text": f"It belongs to {NUMBER}."}
        assert (await boss.post("/v1/tasks", task)).status_code == 201
    desk = await screens.desk(lane.email, available=True)
    await desk.accept()
    await expect(desk.conversation).to_contain_text(MASKED)
    return desk


async def test_is_shown_by_keyboard_with_a_reason_until_it_is_closed(lane: Lane, screens: Screens) -> None:
    desk = await _asked(lane, screens)
    await desk.conversation.get_by_role("button", name="Show identity numbers").press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Identity numbers")
    reason = dialog.get_by_role("textbox", name="Why do you need to see them?")
    await expect(reason).to_be_focused()
    await expect(dialog.get_by_role("button", name="Show")).to_be_disabled()
    await reason.press_sequentially("to find the contract")
    await reason.press("Enter")
    await expect(dialog.get_by_role("status", name="Identity numbers in this message")).to_have_text(NUMBER)
    assert await violations(desk.page, but=NAME_WITHOUT_ALL_THAT_IS_SHOWN) == []
    await desk.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert NUMBER not in await desk.page.content()
    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        acts = (await boss.http.get("/v1/audit")).json()["items"]
    assert acts[0]["details"]["reason"] == "to find the contract"


async def test_is_not_offered_to_others(eager_lane: Lane, screens: Screens) -> None:
    desk = await _asked(eager_lane, screens)
    await expect(desk.conversation.get_by_role("button", name="Show identity numbers")).to_have_count(0)
