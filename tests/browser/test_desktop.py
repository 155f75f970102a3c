"""An agent's work, from sign-in to wrap-up, in a real browser against the real service."""

import asyncio
import os
import signal
import time
from contextlib import suppress

import httpx
import pytest
from playwright.async_api import Route, expect

from demo.desk_client import DeskClient, desktop
from demo.pbx.switch import Device
from tests.browser.screens import Desk, Screens, fill_in
from tests.browser.shop import Visit
from tests.running import PASSWORD, Lane, Service
from tests.waiting import eventually

pytestmark = pytest.mark.browser


class TestCall:
    async def test_from_the_offer_to_the_end_of_wrap_up(self, desk: Desk, lane: Lane) -> None:
        lane.call("+8613800138000")
        await expect(desk.offer).to_contain_text("+8613800138000")
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        await desk.page.get_by_role("button", name="Hold").click()
        await expect(desk.call).to_contain_text("On hold")
        await desk.page.get_by_role("button", name="Resume").click()
        await expect(desk.call).to_contain_text("Connected")
        await desk.page.get_by_role("button", name="Hang up").click()
        await desk.page.get_by_role("combobox", name="Disposition").click()
        await desk.page.get_by_role("option", name="Solved").click()
        await desk.page.get_by_role("button", name="Finish").click()
        await expect(desk.page.get_by_text("Nothing in hand")).to_be_visible()

    async def test_caller_who_hangs_up_takes_the_offer_along(self, desk: Desk, lane: Lane) -> None:
        call = lane.call()
        await expect(desk.offer).to_be_visible()
        lane.service.exchange.switch.hang_up(call.id)
        await expect(desk.offer).to_have_count(0)
        await expect(desk.page.get_by_text("The customer left before you answered.")).to_be_visible()

    async def test_a_phone_that_does_not_answer_is_told_with_a_way_back(self, desk: Desk, lane: Lane) -> None:
        lane.behaves(Device.BUSY)
        lane.call()
        await desk.accept()
        await expect(desk.page.get_by_text("Your phone did not answer")).to_be_visible()
        await desk.page.get_by_role("button", name="I am back").click()
        await expect(desk.offer).to_be_visible()

    async def test_a_refused_hold_is_told(self, desk: Desk, lane: Lane) -> None:
        lane.service.exchange.switch.refuses.add("call.hold")
        lane.call()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        await desk.page.get_by_role("button", name="Hold").click()
        await expect(desk.page.get_by_text("The telephone system refused “Hold”")).to_be_visible()
        lane.service.exchange.switch.refuses.discard("call.hold")


class TestDraft:
    async def test_survives_a_reload_and_not_a_sign_out(self, desk: Desk, lane: Lane) -> None:
        lane.call()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        note = desk.page.get_by_placeholder("Internal note")
        await note.fill("She asks for the blue one")
        await desk.page.reload()
        await expect(note).to_have_value("She asks for the blue one")
        await desk.page.get_by_role("button", name=f"Agent {lane.number}", exact=True).click()
        await desk.page.get_by_role("menuitem", name="Sign out").click()
        await fill_in(desk.page, lane.email)
        await expect(note).to_have_value("")

    async def test_of_a_reply_outlives_the_note_that_is_being_saved(
        self, screens: Screens, chat_lane: Lane
    ) -> None:
        desk, customer = await screens.desk(chat_lane.email, available=True), Visit(await screens.customer())
        await customer.open()
        await customer.say("Hello")
        await desk.accept()
        saving = asyncio.Event()

        async def slow(route: Route) -> None:
            await saving.wait()
            await route.continue_()

        await desk.page.route("**/notes", slow)
        mode = desk.page.get_by_role("radiogroup", name="Conversation")
        await mode.get_by_text("Note").click()
        await desk.page.get_by_role("textbox", name="Note").fill("A friend of mine")
        await desk.page.keyboard.press("Control+Enter")
        await mode.get_by_text("Reply").click()
        reply = desk.page.get_by_role("textbox", name="Reply")
        await reply.fill("Good morning")
        saving.set()
        await expect(desk.conversation).to_contain_text("A friend of mine")
        await expect(reply).to_have_value("Good morning")
        await mode.get_by_text("Note").click()
        await expect(desk.page.get_by_role("textbox", name="Note")).to_have_value("")


class TestOffer:
    async def test_survives_a_reload(self, desk: Desk, lane: Lane) -> None:
        lane.call()
        await expect(desk.offer).to_be_visible()
        await desk.page.reload()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")

    async def test_says_why_in_both_languages(self, desk: Desk, lane: Lane) -> None:
        lane.call()
        await desk.accept()
        await desk.page.get_by_role("button", name="Why?").click()
        await expect(desk.page.get_by_text("has been free the longest")).to_be_visible()
        await desk.page.keyboard.press("Escape")
        await desk.page.get_by_role("button", name="Language").click()
        await desk.page.get_by_role("menuitem", name="中文").click()
        await desk.page.get_by_role("button", name="为什么？").click()
        await expect(desk.page.get_by_text("空闲时间最长")).to_be_visible()

    async def test_says_why_before_it_is_accepted(self, desk: Desk, lane: Lane) -> None:
        lane.call("+8613800138000")
        await desk.offer.get_by_role("button", name="Why? +8613800138000").click()
        await expect(desk.page.get_by_text("has been free the longest")).to_be_visible()
        await expect(desk.page.get_by_role("row", name="not in a team of this queue")).to_be_visible()

    async def test_is_taken_for_the_agent_where_the_queue_does_so(
        self, screens: Screens, eager_lane: Lane
    ) -> None:
        desk = await screens.desk(eager_lane.email, available=True)
        eager_lane.call("+8613800138000")
        await expect(desk.page.get_by_text("Taken for you: +8613800138000")).to_be_visible()
        await expect(desk.call).to_contain_text("Connected")
        await expect(desk.offer).to_have_count(0)


class TestWaiting:
    async def test_says_why_in_both_languages(self, screens: Screens, lane: Lane) -> None:
        page = (await screens.desk(lane.email)).page
        lane.call("+8613800138000")
        await page.get_by_role("tab", name="Waiting in queues").click()
        row = page.locator(".row", has_text=lane.queue)
        await row.get_by_role("button", name="Why? +8613800138000").click()
        await expect(page.get_by_text("It is the first of its queue.")).to_be_visible()
        await expect(page.get_by_role("row", name="not signed in")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Language").click()
        await page.get_by_role("menuitem", name="中文").click()
        await row.get_by_role("button", name="为什么？+8613800138000").click()
        await expect(page.get_by_text("在该队列中排第一位。")).to_be_visible()


class TestCustomer:
    async def test_one_of_several_is_picked_and_taken_back(
        self, desk: Desk, lane: Lane, service: Service
    ) -> None:
        phone = {"kind": "phone", "value": "+8613711112222"}
        async with desktop(service.url, "acme", "boss@acme.test", PASSWORD) as boss:
            for name in ("Li Na", "Zhang Wei"):
                made = await boss.post("/v1/customers", {"name": name, "addresses": [phone]})
                made.raise_for_status()
        lane.call(phone["value"])
        await expect(desk.offer).to_contain_text("2 possible customers")
        await desk.accept()
        await desk.page.get_by_role("button", name="This is Li Na").click()
        await expect(desk.page.get_by_role("heading", name="Li Na")).to_have_count(2)
        await desk.page.get_by_role("button", name="Undo").click()
        await expect(desk.page.get_by_text("Several customers use this address.")).to_be_visible()


class TestForm:
    async def test_stands_in_the_conversation_and_on_the_timeline(
        self, screens: Screens, chat_lane: Lane, service: Service
    ) -> None:
        desk = await screens.desk(chat_lane.email, available=True)
        form = {"name": "Anna", "email": "anna@example.org", "subject": "Mixer", "text": "It is broken."}
        path = service.endpoints["contact-form"]["path"]
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as http:
            (await http.post(path, json=form)).raise_for_status()
        await desk.accept()
        await expect(desk.conversation).to_contain_text("It is broken.")
        await desk.reply("Dear Ms Schmidt, we look into it.")
        await expect(desk.conversation).to_contain_text("we look into it")
        await expect(desk.timeline).to_contain_text("we look into it")
        await desk.page.get_by_role("button", name="Close", exact=True).click()
        await expect(desk.page.get_by_text("Nothing in hand")).to_be_visible()

    async def test_a_long_subject_stays_in_its_column(
        self, screens: Screens, chat_lane: Lane, service: Service
    ) -> None:
        desk = await screens.desk(chat_lane.email, available=True)
        form = {"email": "anna@example.org", "subject": "Donaudampfschiff" * 12, "text": "It is broken."}
        path = service.endpoints["contact-form"]["path"]
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as http:
            (await http.post(path, json=form)).raise_for_status()
        await desk.accept()
        await expect(desk.conversation).to_contain_text("Donaudampfschiff")
        assert await desk.conversation.evaluate("log => log.scrollWidth <= log.clientWidth")


class TestTransfer:
    async def test_nobody_hands_work_to_themselves(self, desk: Desk, lane: Lane) -> None:
        lane.call()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")
        await desk.page.keyboard.press("Alt+t")
        choices = desk.page.get_by_role("dialog", name="Transfer")
        await expect(choices).to_contain_text("Agent 29")
        await expect(choices.get_by_text(f"Agent {lane.number}", exact=True)).to_have_count(0)


class TestStaleReply:
    async def test_shows_what_was_missed_and_can_be_sent_again(
        self, screens: Screens, chat_lane: Lane
    ) -> None:
        desk = await screens.desk(chat_lane.email, available=True)
        visitor = Visit(await screens.customer())
        await visitor.open()
        await visitor.say("Where is my order?")
        await desk.accept()
        await expect(desk.conversation).to_contain_text("Where is my order?")

        async def meanwhile(route: Route) -> None:
            """The customer writes after the agent has pressed send, before the server has it."""
            await visitor.say("I have found it!")
            await expect(desk.conversation).to_contain_text("I have found it!")
            await route.continue_()

        await desk.page.route("**/messages", meanwhile, times=1)
        await desk.reply("It arrives tomorrow.")
        missed = desk.page.get_by_role("dialog", name="Something happened while you wrote")
        await expect(missed).to_contain_text("I have found it!")
        await desk.page.get_by_role("button", name="Send anyway").click()
        await expect(visitor.log).to_contain_text("It arrives tomorrow.")


LEASE_SECONDS = 20


class TestConnection:
    async def test_a_frozen_tab_keeps_its_lease(self, desk: Desk, lane: Lane, service: Service) -> None:
        """Browsers stop the timers of a hidden tab, and all scripts of one that they freeze: the pongs, which
        renew the lease, are sent all the same."""
        devtools = await desk.page.context.new_cdp_session(desk.page)
        await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
        async with desktop(service.url, "acme", "boss@acme.test", PASSWORD) as boss:
            until = time.monotonic() + LEASE_SECONDS + 5
            while time.monotonic() < until:
                assert await state_of(boss, lane.email) == "idle"
                await asyncio.sleep(1)
        await devtools.send("Page.setWebLifecycleState", {"state": "active"})
        lane.call()
        await expect(desk.offer).to_be_visible()

    async def test_an_api_that_dies_is_found_again(self, desk: Desk, lane: Lane, service: Service) -> None:
        async def said_lost() -> bool:
            """One that is back in a moment is not worth a word: each is killed as it starts."""
            if pid := service.supervisor.pid_of("api"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return await desk.page.get_by_text("Connection lost").is_visible()

        await eventually(said_lost, seconds=20)
        await expect(desk.page.get_by_text("Connection lost")).to_have_count(0)
        await expect(desk.page.get_by_role("button", name="Presence: Available")).to_be_visible()
        lane.call()
        await desk.accept()
        await expect(desk.call).to_contain_text("Connected")


async def state_of(boss: DeskClient, email: str) -> str:
    states = (await boss.http.get("/v1/agents/states")).json()["items"]
    return next(agent["state"] for agent in states if agent["email"] == email)
