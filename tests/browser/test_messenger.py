"""A messenger whose platform refuses, closes its reply window or is away, as agent, administrator and
supervisor see it."""

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.messenger import DAY_SECONDS, WORD, Messenger, change
from tests.browser.screens import Desk, Screens
from tests.running import Service
from tests.waiting import eventually

pytestmark = pytest.mark.browser

NOT_ON_WHATSAPP = (400, 131026)


@pytest.fixture
async def desk(screens: Screens, whatsapp: Messenger, service: Service) -> Desk:
    return await screens.desk(whatsapp.connect(service).email, available=True)


async def test_a_closed_reply_window_takes_a_template(desk: Desk, whatsapp: Messenger) -> None:
    """The offer names the messenger; free text cannot be sent, an approved one with its gaps filled can."""
    customer = await whatsapp.says("Is it ready?", ago_seconds=DAY_SECONDS + 60)
    await expect(desk.offer).to_contain_text("WhatsApp")
    await desk.accept()
    page = desk.page
    await expect(page.get_by_text("can only be sent an approved template now")).to_be_visible()
    await page.get_by_role("textbox", name="Reply").fill("Yes!")
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await page.get_by_role("status").get_by_role("button", name="Choose a template").click()
    picker = page.get_by_role("dialog", name="Templates")
    await picker.get_by_label("Text for 1").fill("Sheena")
    await picker.get_by_label("Text for 2").fill("your kettle")
    await expect(picker).to_contain_text("Hello Sheena, your kettle is ready.")
    await picker.get_by_role("button", name="Send").click()
    await expect(picker).to_have_count(0)
    await expect(desk.conversation).to_contain_text("Hello Sheena, your kettle is ready.")
    (message,) = await eventually(lambda: whatsapp.got(customer))
    assert message["template"]["name"] == "order_ready"
    await finish(desk)


async def test_writing_first_names_the_text_and_who_leads_the_conversation(
    desk: Desk, whatsapp: Messenger
) -> None:
    await whatsapp.says("Is anybody there?")
    await desk.accept()
    page = desk.page
    await page.get_by_role("button", name="Write by messenger").click()
    writing = page.get_by_role("dialog", name="Write by messenger")
    await writing.get_by_label("Text for 1").fill("Sheena")
    await writing.get_by_label("Text for 2").fill("your kettle")
    await expect(writing).to_contain_text("Hello Sheena, your kettle is ready.")
    await writing.get_by_role("button", name="Send").click()
    await expect(writing).to_contain_text("There is a conversation with this customer already.")
    await page.keyboard.press("Escape")
    await finish(desk)


async def test_what_the_platform_refused_is_sent_again_and_both_can_be_read(
    desk: Desk, whatsapp: Messenger
) -> None:
    customer = await whatsapp.says("Where is my order?")
    await desk.accept()
    await expect(desk.page.get_by_text("Write within")).to_be_visible()
    whatsapp.platform.moods.append(NOT_ON_WHATSAPP)
    await desk.reply("It comes tomorrow.")
    await desk.page.get_by_role("button", name="Send again").click()
    await expect(desk.page.get_by_role("button", name="Send again")).to_have_count(0)
    await eventually(lambda: whatsapp.got(customer))
    await expect(desk.conversation.get_by_role("img", name="Sent", exact=True)).to_be_visible()
    await desk.conversation.get_by_role("button", name="What was said to the platform").click()
    said = desk.page.get_by_role("dialog", name="What was said to the platform")
    await expect(said).to_contain_text("400")
    await expect(said).to_contain_text("Refused")
    await expect(said).to_contain_text("the customer cannot be reached")
    await expect(said).to_contain_text("It comes tomorrow.")
    await expect(said).to_contain_text("200")
    assert WORD not in await said.inner_text()
    await desk.page.keyboard.press("Escape")
    await finish(desk)


async def test_a_platform_that_is_away_is_told_on_the_wallboard_until_it_is_back(
    desk: Desk, screens: Screens, whatsapp: Messenger, service: Service
) -> None:
    wall = await screens.wallboard()
    alarm = wall.get_by_role("alert").filter(has_text="whatsapp: the platform does not answer")
    customer = await whatsapp.says("Are you there?")
    await desk.accept()
    whatsapp.platform.away = True
    await desk.reply("We are.")
    fourth = "UPDATE circuit SET failures = 4 WHERE opened_at IS NULL"
    await eventually(lambda: change(service, fourth))
    await expect(alarm).to_be_visible()
    channel = wall.get_by_role("region", name="Channels").get_by_role("row").filter(has_text="whatsapp")
    await expect(channel).to_contain_text("Not reached")
    whatsapp.platform.away = False
    await change(service, "UPDATE circuit SET resting_until = clock_timestamp()")
    await expect(alarm).to_have_count(0)
    await expect(channel).to_contain_text("Well")
    await eventually(lambda: whatsapp.got(customer))
    await finish(desk)


async def test_a_channel_that_has_fallen_silent_is_told_on_the_wallboard(
    screens: Screens, service: Service
) -> None:
    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as http:
        form = {"email": "anna@example.org", "subject": "Mixer", "text": "It is broken."}
        (await http.post(service.endpoints["quiet-form"]["path"], json=form)).raise_for_status()
    wall = await screens.wallboard()
    channel = wall.get_by_role("region", name="Channels").get_by_role("row").filter(has_text="quiet-form")
    await expect(channel).to_contain_text(":")
    await expect(channel).to_contain_text("Well")
    await change(
        service,
        "UPDATE touch SET at = at - interval '1 hour' WHERE endpoint_id = $1::uuid",
        service.endpoints["quiet-form"]["id"],
    )
    await expect(channel).to_contain_text("Silent")
    await expect(wall.get_by_role("alert").filter(has_text="quiet-form")).to_contain_text(
        "Nothing has come since"
    )


async def finish(desk: Desk) -> None:
    await desk.page.get_by_role("button", name="End", exact=True).click()
    await desk.page.get_by_role("button", name="Finish").click()
    await expect(desk.page.get_by_text("Nothing in hand")).to_be_visible()
