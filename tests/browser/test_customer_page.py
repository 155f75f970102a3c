"""The demo's customer page: the same doors that a customer's own browser uses."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.screens import Screens
from tests.browser.shop import Visit
from tests.running import Lane

pytestmark = pytest.mark.browser


@pytest.fixture
async def customer(screens: Screens) -> Page:
    return await screens.customer()


class TestChat:
    async def test_files_travel_in_both_directions(
        self, screens: Screens, customer: Page, chat_lane: Lane, tmp_path: Path
    ) -> None:
        theirs, ours = tmp_path / "receipt.txt", tmp_path / "offer.txt"
        theirs.write_text("paid")
        ours.write_text("yours for 10")
        desk, visitor = await screens.desk(chat_lane.email, available=True), Visit(customer)
        await customer.get_by_role("button", name="Chat now").click()
        await customer.locator("input[type=file]").set_input_files(theirs)
        await expect(customer.get_by_role("button", name="Remove receipt.txt")).to_be_visible()
        await visitor.say("My receipt")
        await desk.accept()
        async with desk.page.expect_download() as download:
            await desk.page.get_by_role("button", name="Download receipt.txt").first.click()
        assert (await (await download.value).path()).read_text() == "paid"
        await desk.page.locator("input[type=file]").set_input_files(ours)
        await expect(desk.page.get_by_role("button", name="Remove offer.txt")).to_be_visible()
        await desk.reply("Our offer")
        async with customer.expect_download() as download:
            await customer.get_by_role("button", name="Download offer.txt").click()
        assert (await (await download.value).path()).read_text() == "yours for 10"
        await desk.page.get_by_role("button", name="End chat").click()
        await expect(visitor.status).to_contain_text("The chat has ended.")

    async def test_a_file_goes_to_nobody_else(
        self, screens: Screens, customer: Page, chat_lane: Lane, tmp_path: Path
    ) -> None:
        """Chosen for one customer, it is gone when the agent turns to another."""
        receipt = tmp_path / "receipt.txt"
        receipt.write_text("paid")
        desk = await screens.desk(chat_lane.email, available=True)
        for visitor, text in ((customer, "I am first"), (await screens.customer(), "I am second")):
            await Visit(visitor).open()
            await Visit(visitor).say(text)
            await desk.accept()
        await desk.page.locator(".row", has_text="I am first").click()
        await desk.page.locator("input[type=file]").set_input_files(receipt)
        remove = desk.page.get_by_role("button", name="Remove receipt.txt")
        await expect(remove).to_be_visible()
        await desk.page.locator(".row", has_text="I am second").first.click()
        await expect(desk.conversation).to_contain_text("I am second")
        await expect(remove).to_have_count(0)


class TestForm:
    async def test_gives_a_reference(self, customer: Page) -> None:
        form = customer.get_by_role("region", name="Form")
        await form.get_by_label("Subject").fill("Mixer")
        await form.get_by_label("Text").fill("It is broken.")
        await form.get_by_label("E-mail").fill("anna@example.org")
        await form.get_by_role("button", name="Send form").click()
        await expect(form.get_by_text("Received. Your reference is")).to_be_visible()
