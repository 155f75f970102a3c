"""The pages as their users know them: by what stands on them, never by their insides."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.running import HOTLINE, PASSWORD, Service

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)


class Windows:
    """Opens windows, each a person of their own, and collects what their scripts threw."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._errors: list[str] = []

    async def open(self, language: str = "en-US") -> Page:
        context = await self._browser.new_context(
            viewport={"width": 1440, "height": 880}, locale=language, accept_downloads=True
        )
        context.set_default_timeout(WAIT_MS)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        return page

    @asynccontextmanager
    async def closed_at_the_end(self) -> AsyncIterator[Self]:
        """Fails if a script in one of them did."""
        try:
            yield self
        finally:
            for context in self._contexts:
                await context.close()
        assert self._errors == []


class Screens(Windows):
    """The pages of a service."""

    def __init__(self, browser: Browser, service: Service) -> None:
        super().__init__(browser)
        self._service = service

    async def desk(self, email: str, *, available: bool = False, language: str = "en-US") -> "Desk":
        """The desktop with this agent signed in."""
        desk = Desk(await self._signed_in("/", email, language))
        await expect(desk.presence).to_be_visible()
        if available:
            await desk.be_available()
        return desk

    async def wallboard(self, email: str = "boss@acme.test") -> Page:
        return await self._signed_in("/wallboard", email, "en-US")

    async def customer(self, phone: str | None = None) -> Page:
        """The demo's customer page, with the demo's own answers for this service; `phone`: the number of
        who stands before it."""
        page = await self.open()
        endpoints = self._service.endpoints
        config: dict[str, Any] = {
            "touchpoint_url": self._service.url,
            "lines": [{"number": HOTLINE, "platform": "CTI", "keys": True}],
            "chat_endpoint_id": endpoints["site-chat"]["id"],
            "form_endpoint_id": endpoints["contact-form"]["id"],
            "mail_address": "support@acme.test",
            "personas": [{"id": "1", "name": "王晓明", "tier": None, "phone": phone, "email": None}],
        }
        await page.route("**/demo/config", lambda route: route.fulfill(json=config))
        await page.goto(f"{self._service.exchange_url}/demo")
        return page

    async def _signed_in(self, path: str, email: str, language: str) -> Page:
        page = await self.open(language)
        await page.goto(self._service.url + path)
        await fill_in(page, email)
        return page


async def fill_in(page: Page, email: str, tenant: str = "acme", password: str = PASSWORD) -> None:
    """Sign in, on the page that asks for it."""
    await page.locator("[name=tenant]").fill(tenant)
    await page.locator("[name=email]").fill(email)
    await page.locator("[name=password]").fill(password)
    await page.keyboard.press("Enter")


NAME_WITHOUT_ALL_THAT_IS_SHOWN = "label-content-name-mismatch"
"""The row of a piece of work shows a clock: a name that changes every second cannot be listened to."""


async def violations(page: Page, *, but: str = "") -> list[str]:
    """What axe has to say against the page as it is now, except for one rule."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make setup")
    await page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = await page.evaluate("axe.run().then((result) => result.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["id"] != but]


class Desk:
    """An agent's desktop."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def presence(self) -> Locator:
        return self.page.get_by_role("button", name="Presence")

    @property
    def offer(self) -> Locator:
        return self.page.get_by_role("alertdialog", name="New work for you")

    @property
    def call(self) -> Locator:
        return self.page.get_by_role("region", name="Call")

    @property
    def conversation(self) -> Locator:
        return self.page.get_by_role("log", name="Conversation")

    @property
    def timeline(self) -> Locator:
        return self.page.get_by_role("feed", name="Timeline")

    async def be_available(self) -> None:
        await self.presence.click()
        await self.page.get_by_role("menuitem", name="Available").click()
        await expect(self.page.get_by_role("button", name="Presence: Available")).to_be_visible()
        await expect(self.page.get_by_role("menu")).to_have_count(0)  # it fades

    async def accept(self) -> None:
        """The way without a mouse."""
        await expect(self.offer).to_be_visible()
        await self.page.keyboard.press("Alt+a")
        await expect(self.offer).to_have_count(0)

    async def reply(self, text: str) -> None:
        await self.page.get_by_role("textbox", name="Reply").fill(text)
        await self.page.get_by_role("button", name="Send").click()
