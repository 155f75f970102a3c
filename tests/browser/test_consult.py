"""A warm transfer and a call of ours, clicked through by two agents in a real browser."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.screens import Desk, Screens
from tests.running import Lane, Service
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def consult_of(desk: Desk) -> Locator:
    return desk.page.get_by_role("region", name="Consult")


async def ask(desk: Desk, whom: str) -> None:
    """The dialog opens by its key; the rest is typed and clicked."""
    await desk.page.keyboard.press("Alt+t")
    await desk.page.get_by_label("Queue, agent or number").fill(whom)
    await desk.page.get_by_role("button", name=re.compile(whom.replace("+", r"\+"))).first.click()
    await desk.page.get_by_role("button", name="Ask first").click()


class TestWarmTransfer:
    async def test_asked_swapped_and_handed_over(
        self, screens: Screens, service: Service, lane: Lane
    ) -> None:
        other = service.lane()
        li = await screens.desk(lane.email, available=True)
        wang = await screens.desk(other.email, available=True)
        lane.call()
        await li.accept()
        await expect(li.call).to_contain_text("Connected")
        await ask(li, f"Agent {other.number}")
        await expect(wang.offer).to_contain_text(f"Agent {lane.number} asks you")
        await wang.accept()
        await expect(consult_of(li)).to_contain_text(f"You talk with Agent {other.number}")
        await expect(consult_of(wang)).to_contain_text("asked for advice")
        await li.page.get_by_role("button", name="Swap").click()
        await expect(consult_of(li)).to_contain_text("is on hold")
        await li.page.get_by_role("button", name="Hand over").click()
        await expect(li.page.get_by_role("button", name="Finish")).to_be_visible()
        await expect(wang.call).to_contain_text("Connected")
        await expect(consult_of(wang)).to_have_count(0)

    async def test_declined_and_told_so(self, screens: Screens, service: Service, lane: Lane) -> None:
        other = service.lane()
        li = await screens.desk(lane.email, available=True)
        wang = await screens.desk(other.email, available=True)
        lane.call()
        await li.accept()
        await expect(li.call).to_contain_text("Connected")
        await ask(li, f"Agent {other.number}")
        await wang.page.get_by_role("button", name="Decline").click()
        await expect(li.page.get_by_text(f"Agent {other.number} declined to advise")).to_be_visible()
        await expect(li.call).to_contain_text("On hold")

    async def test_a_number_outside_and_back(self, desk: Desk, lane: Lane) -> None:
        lane.call()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        await ask(desk, "+8613900139777")
        await expect(consult_of(desk)).to_contain_text("You talk with +8613900139777")
        await desk.page.get_by_role("button", name="Back to the caller").click()
        await expect(consult_of(desk)).to_have_count(0)
        await expect(desk.call).to_contain_text("Connected")

    async def test_whom_the_address_book_knows_is_found_by_name(self, desk: Desk, lane: Lane) -> None:
        lane.call()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        await desk.page.keyboard.press("Alt+t")
        await desk.page.get_by_label("Queue, agent or number").fill("cour")
        await desk.page.get_by_role("button", name="Courier +8613900139666").click()
        await desk.page.get_by_role("button", name="Transfer to Courier").click()
        await expect(desk.page.get_by_role("button", name="Finish")).to_be_visible()
        assert "+8613900139666" in [order.get("to") for order in lane.service.exchange.orders]


class TestDial:
    async def test_a_customer_is_called(self, desk: Desk, lane: Lane) -> None:
        number = f"+86137000{lane.number:05}"
        await desk.page.get_by_role("button", name="Call a number").click()
        await desk.page.get_by_role("textbox", name="Number").fill(number)
        await desk.page.get_by_role("combobox", name="For queue").click()
        await desk.page.get_by_role("option", name=lane.queue, exact=True).click()
        await desk.page.get_by_role("button", name="Call", exact=True).click()
        await expect(desk.call).to_contain_text("Connected")
        calls = lane.service.exchange.switch.calls.values()
        assert await eventually(lambda: [call for call in calls if call.to == number])
