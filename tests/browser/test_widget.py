"""The chat widget on a page of another origin, with a strict policy, by mouse, keyboard and thumb."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import IDENTITY_SECRET
from tests.browser.screens import Screens, violations
from tests.browser.shop import PHONE, Shop, Visit, open_shop, visit
from tests.running import Lane, Service

pytestmark = pytest.mark.browser


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[Shop]:
    async with open_shop(service.url) as shop:
        shop.endpoint = service.endpoints["shop-chat"]["id"]
        yield shop


def identity(**claims: Any) -> str:
    claims = {"sub": "u-17", "exp": int(time.time()) + 60, "name": "王芳", **claims}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(IDENTITY_SECRET))


class TestConversation:
    async def test_both_ways_on_a_page_with_a_strict_policy(
        self, screens: Screens, shop: Shop, chat_lane: Lane, tmp_path: Path
    ) -> None:
        receipt = tmp_path / "receipt.txt"
        receipt.write_text("paid")
        desk = await screens.desk(chat_lane.email)
        visitor = await visit(screens, shop)
        await visitor.open()
        await expect(visitor.log).to_contain_text("Welcome to the shop!")
        await visitor.window.get_by_role("button", name="Emoji").click()
        await visitor.window.get_by_role("button", name="👍").click()
        await expect(visitor.field).to_have_value("👍")
        await visitor.window.locator("input[type=file]").set_input_files(receipt)
        await expect(visitor.window.get_by_role("button", name="Remove receipt.txt")).to_be_visible()
        await visitor.say("My receipt, see https://shop.test/r/7.")
        await expect(visitor.status).to_contain_text("You are number 1 in line")
        await desk.be_available()
        await desk.accept()
        await expect(visitor.status).to_have_text("Somebody is with you.")
        await desk.page.get_by_role("textbox", name="Reply").press_sequentially("Th")
        await expect(visitor.status).to_have_text("Somebody is typing…")
        await desk.reply("Thank you!")
        await expect(visitor.log).to_contain_text("Thank you!")
        await expect(desk.conversation.get_by_label("Read", exact=True)).to_be_visible()
        await visitor.field.press_sequentially("Bye")
        await expect(desk.page.get_by_text("The customer is typing…")).to_be_visible()
        async with visitor.page.expect_download() as download:
            await visitor.window.get_by_role("button", name="Download receipt.txt").click()
        assert (await (await download.value).path()).read_text() == "paid"
        await desk.page.get_by_role("button", name="End chat").click()
        await expect(visitor.status).to_contain_text("The chat has ended")
        assert visitor.errors == []

    async def test_goes_on_on_the_next_page_and_in_another_tab(
        self, screens: Screens, shop: Shop, chat_lane: Lane
    ) -> None:
        visitor = await visit(screens, shop)
        await visitor.open()
        await visitor.say("Are you there?")
        await expect(visitor.status).to_contain_text("You are number")
        await visitor.page.get_by_role("link", name="Other page").click()
        await expect(visitor.log).to_contain_text("Are you there?")
        await expect(visitor.page.locator("body")).to_be_focused()  # the page's own reader is not disturbed
        second = Visit(await visitor.page.context.new_page())
        await second.page.goto(shop.url)
        await second.open()
        await expect(second.log).to_contain_text("Are you there?")
        await second.say("It is me again")
        await expect(visitor.log).to_contain_text("It is me again")

    async def test_an_answer_waits_behind_the_button(
        self, screens: Screens, shop: Shop, chat_lane: Lane
    ) -> None:
        visitor = await visit(screens, shop)
        await visitor.open()
        await visitor.say("Call me when you know")
        desk = await screens.desk(chat_lane.email, available=True)
        await desk.accept()
        await visitor.page.keyboard.press("Escape")
        await expect(visitor.window).to_be_hidden()
        await expect(visitor.launcher).to_be_focused()
        await desk.reply("Now we know")
        await expect(visitor.launcher).to_have_accessible_name("Open the chat, 1 unread")
        await visitor.page.keyboard.press("Enter")
        await expect(visitor.log).to_contain_text("Now we know")
        await expect(visitor.launcher).to_have_accessible_name("Close the chat")

    async def test_what_is_written_offline_is_sent_later(
        self, screens: Screens, shop: Shop, chat_lane: Lane
    ) -> None:
        visitor = await visit(screens, shop)
        network = {"there": False}

        def meet(route: WebSocketRoute) -> None:
            if network["there"]:
                route.connect_to_server()

        await visitor.page.route_web_socket(re.compile("/chat/"), meet)
        await visitor.open()
        await visitor.say("Kept until you hear me")
        await expect(visitor.log).to_contain_text("Sending…")
        network["there"] = True
        await visitor.page.reload()
        await expect(visitor.log).to_contain_text("Kept until you hear me")
        await expect(visitor.status).to_contain_text("You are number")
        await expect(visitor.log).not_to_contain_text("Sending…")


class TestAnswers:
    async def test_quoted_and_ready_ones_and_what_was_read(
        self, screens: Screens, shop: Shop, chat_lane: Lane
    ) -> None:
        desk = await screens.desk(chat_lane.email, available=True)
        visitor = await visit(screens, shop)
        await visitor.open()
        await visitor.say("Which sizes are there?")
        await desk.accept()
        await expect(visitor.log).to_contain_text("Read")
        await desk.conversation.get_by_role("article").last.hover()
        await desk.page.get_by_role("button", name="Quote").click()
        for number, title in enumerate(("medium", "large"), 1):
            await desk.page.get_by_role("button", name="Add a ready answer").click()
            await desk.page.get_by_label(f"Ready answer {number}", exact=True).fill(title)
        await desk.reply("These two:")
        await expect(visitor.log.locator("blockquote")).to_have_text("Which sizes are there?")
        answers = visitor.window.get_by_role("group", name="Ready answers")
        await answers.get_by_role("button", name="large").click()
        await expect(answers).to_have_count(0)
        await expect(visitor.field).to_be_focused()
        await expect(desk.conversation.get_by_text("large", exact=True)).to_have_count(2)


class TestWhoTheyAre:
    async def test_somebody_else_begins_anew(self, screens: Screens, shop: Shop, chat_lane: Lane) -> None:
        shop.data = {"identity": identity()}
        visitor = await visit(screens, shop)
        await visitor.open()
        await visitor.say("I am Wang")
        await expect(visitor.status).to_contain_text("You are number")
        desk = await screens.desk(chat_lane.email, available=True)
        await desk.accept()
        await expect(desk.page.get_by_text("王芳").first).to_be_visible()
        shop.data = {}
        await visitor.page.reload()
        await expect(visitor.log).to_contain_text("Welcome to the shop!")
        await expect(visitor.log).not_to_contain_text("I am Wang")

    async def test_an_expired_sign_in_is_said(self, screens: Screens, shop: Shop, chat_lane: Lane) -> None:
        shop.data = {"identity": identity(exp=int(time.time()) - 1)}
        visitor = await visit(screens, shop)
        await visitor.open()
        await expect(visitor.status).to_contain_text("Your sign-in has expired")

    async def test_asked_before_the_chat(
        self, screens: Screens, shop: Shop, service: Service, chat_lane: Lane
    ) -> None:
        shop.endpoint = service.endpoints["asking-chat"]["id"]
        desk = await screens.desk(chat_lane.email, available=True)
        visitor = await visit(screens, shop)
        await visitor.open()
        form = visitor.window
        await form.get_by_role("button", name="Start the chat").click()
        await expect(form.get_by_label("Name")).to_be_focused()
        await expect(form.get_by_text("Please fill in this field.")).to_have_count(3)
        await form.get_by_label("Name").fill("Anna Rossi")
        await form.get_by_label("E-mail").fill("anna@example.org")
        await form.get_by_label("Your question").fill("Do you have kettles?")
        await form.get_by_role("button", name="Start the chat").click()
        await expect(visitor.log).to_contain_text("Do you have kettles?")
        await desk.accept()
        await expect(desk.page.get_by_text("Anna Rossi").first).to_be_visible()


class TestForms:
    async def test_offline(self, screens: Screens, shop: Shop, service: Service, tmp_path: Path) -> None:
        photo = tmp_path / "photo.txt"
        photo.write_text("a kettle")
        shop.endpoint = service.endpoints["night-chat"]["id"]
        visitor = await visit(screens, shop)
        await visitor.open()
        form = visitor.window
        await expect(form).to_contain_text("We are closed.")
        await form.get_by_label("E-mail").fill("anna@example.org")
        await form.get_by_label("Your question").fill("When do you open?")
        await form.get_by_label("Files").set_input_files([photo] * 11)
        await form.get_by_role("button", name="Leave a message").click()
        await expect(form).to_contain_text("At most 10 files.")
        await form.get_by_label("Files").set_input_files(photo)
        await form.get_by_role("button", name="Leave a message").click()
        await expect(form).to_contain_text("Your reference is")

    async def test_call_me_back(self, screens: Screens, shop: Shop) -> None:
        visitor = await visit(screens, shop)
        await visitor.open()
        form = visitor.window
        await form.get_by_role("button", name="Call me back").click()
        await form.get_by_label("Phone number").fill("call me")
        await form.locator(".submit").click()
        await expect(form).to_contain_text("Please enter a phone number")
        await form.get_by_label("Phone number").fill("+8613900000077")
        await form.get_by_label("Preferred time").fill("2099-01-04T10:00")
        await form.locator(".submit").click()
        await expect(form).to_contain_text("Your reference is")
        await form.get_by_role("button", name="Back to the chat").click()
        await expect(visitor.field).to_be_focused()


class TestForEverybody:
    async def test_axe_finds_nothing(
        self, screens: Screens, shop: Shop, service: Service, chat_lane: Lane
    ) -> None:
        visitor = await visit(screens, shop)
        assert await violations(visitor.page) == []
        await visitor.open()
        await visitor.say("Hello")
        await expect(visitor.status).to_contain_text("You are number")
        await visitor.window.get_by_role("button", name="Emoji").click()
        assert await violations(visitor.page) == []
        await visitor.window.get_by_role("button", name="Call me back").click()
        await visitor.window.locator(".submit").click()
        assert await violations(visitor.page) == []
        shop.endpoint = service.endpoints["asking-chat"]["id"]
        phone = await visit(screens, shop, PHONE)
        await phone.open()
        assert await violations(phone.page) == []

    async def test_on_a_phone_it_fills_the_screen_in_chinese(
        self, screens: Screens, shop: Shop, chat_lane: Lane
    ) -> None:
        shop.language = "zh-CN"
        visitor = await visit(screens, shop, PHONE)
        await visitor.page.emulate_media(reduced_motion="reduce")
        await visitor.open()
        box = await visitor.window.bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
        field = visitor.window.get_by_role("textbox", name="请输入消息")
        await expect(field).to_be_focused()
        await field.fill("水壶什么时候发货？")
        await visitor.window.get_by_role("button", name="发送").click()
        await expect(visitor.status).to_contain_text("您排在第 1 位")
        await visitor.window.get_by_role("button", name="关闭在线客服").click()
        await expect(visitor.window).to_be_hidden()
        assert visitor.errors == []

    async def test_on_a_page_that_reads_from_the_right(self, screens: Screens, shop: Shop) -> None:
        shop.direction = "rtl"
        visitor = await visit(screens, shop)
        box = await visitor.launcher.bounding_box()
        assert box is not None and box["x"] == 20


class TestStorageRefused:
    async def test_the_page_remembers(self, screens: Screens, shop: Shop, chat_lane: Lane) -> None:
        page = await screens.open()
        await page.add_init_script(
            "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
            " { get() { throw new DOMException('no', 'SecurityError') } })"
        )
        visitor = Visit(page)
        await page.goto(shop.url)
        await visitor.open()
        await visitor.say("Nothing is kept here")
        await expect(visitor.status).to_contain_text("You are number")
