"""Mails to customers, written at the desktop."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from demo.desk_client import desktop
from tests.browser.screens import Screens
from tests.running import PASSWORD, Lane
from tests.waiting import eventually

pytestmark = pytest.mark.browser


async def knows(lane: Lane, name: str, mail: str) -> None:
    """There is such a customer, and the agent has work of theirs in hand."""
    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        address = {"kind": "email", "value": mail}
        made = await boss.post("/v1/customers", {"name": name, "addresses": [address]})
        wish = {"channel": "email", "endpoint": "support-mail", "purpose": "service", "subject": "First"}
        async with desktop(lane.service.url, "acme", lane.email, PASSWORD) as agent:
            first = {**wish, "customer_id": made.json()["id"], "text": "Hello"}
            assert (await agent.post("/v1/interactions", first)).status_code == 201


async def test_a_mail_with_a_file_is_written_to_a_customer(
    screens: Screens, lane: Lane, tmp_path: Path
) -> None:
    to, paper = f"anna{lane.number}@example.com", tmp_path / "offer.txt"
    paper.write_text("yours for 10")
    await knows(lane, f"Anna {lane.number}", to)
    desk = await screens.desk(lane.email)
    await desk.page.get_by_role("button", name=f"Anna {lane.number}").first.click()
    await desk.page.get_by_role("button", name="Write an e-mail").click()
    form = desk.page.get_by_role("dialog", name="New e-mail")
    await expect(form.get_by_label("To")).to_have_value(to)
    await expect(form.get_by_role("button", name="Send")).to_be_disabled()
    await form.get_by_role("textbox", name="Subject").fill("Our offer")
    await form.get_by_role("textbox", name="Text").fill("As you wished.")
    await form.locator("input[type=file]").set_input_files(paper)
    await expect(form.get_by_role("button", name="Remove offer.txt")).to_be_visible()
    await form.get_by_role("textbox", name="Text").press("Control+Enter")
    await expect(form).to_have_count(0)
    conversation = desk.page.get_by_role("region", name="Conversation")
    await expect(conversation.get_by_text("As you wished.")).to_be_visible()
    await expect(conversation.get_by_role("button", name="Download offer.txt")).to_be_visible()
    mail = await eventually(
        lambda: next((m for m in lane.service.inbox.of(to) if m["subject"] == "Our offer"), None)
    )
    assert mail is not None and "As you wished." in mail["text"]


async def test_a_reply_begins_with_a_template_chosen_by_keyboard(screens: Screens, lane: Lane) -> None:
    to = f"bert{lane.number}@example.com"
    await knows(lane, f"Bert {lane.number}", to)
    desk = await screens.desk(lane.email)
    await desk.page.get_by_role("button", name=f"Bert {lane.number}").first.click()
    box = desk.page.get_by_role("textbox", name="Reply")
    await box.fill(" Yours")
    await box.press("Home")
    await box.press("Alt+m")
    dialog = desk.page.get_by_role("dialog", name="Templates")
    choice = dialog.get_by_role("combobox", name="Template")
    await expect(choice).to_be_focused()
    await choice.fill("Thanks")
    await choice.press("ArrowDown")
    await choice.press("Enter")
    await expect(dialog.get_by_text(f"Dear Bert {lane.number}, thank you.")).to_be_visible()
    await choice.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(box).to_be_focused()
    await expect(box).to_have_value(f"Dear Bert {lane.number}, thank you. Yours")
