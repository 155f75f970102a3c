"""A desktop in a background tab of an ordinary Chromium. It is driven from outside: a page that is automated
is told that it is in front, whatever it is."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from playwright.async_api import async_playwright, expect
from websockets.asyncio.client import connect

from demo.desk_client import desktop
from tests.browser.screens import CHROMIUM, FLAGS, Desk, fill_in
from tests.browser.test_desktop import state_of
from tests.ports import free_port
from tests.running import PASSWORD, Lane
from tests.waiting import eventually

HIDDEN_SECONDS = float(os.environ.get("TOUCHPOINT_HIDDEN_SECONDS", "25"))
"""Longer than a lease. `make soak` has it hidden for more than the five minutes after which Chromium lets a
hidden page's timers run once a minute."""

THROTTLED_SECONDS = 330

pytestmark = [pytest.mark.browser, pytest.mark.timeout(HIDDEN_SECONDS + 120)]


class Chromium:
    """A browser of its own, as a person starts it: no flag that keeps hidden pages awake."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    async def answers(self) -> bool:
        try:
            await self._ask("GET", "/json/version")
        except httpx.TransportError:
            return False
        return True

    async def open(self, url: str) -> str:
        """A tab in front of all others; the address of its own socket."""
        return str((await self._ask("PUT", f"/json/new?{url}"))["webSocketDebuggerUrl"])

    async def tab_of(self, url: str) -> str:
        tabs: Any = await self._ask("GET", "/json/list")
        return next(str(tab["webSocketDebuggerUrl"]) for tab in tabs if tab["url"].startswith(url))

    async def _ask(self, method: str, path: str) -> Any:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            answer = await http.request(method, path)
            answer.raise_for_status()
            return answer.json()


async def evaluated(tab: str, expression: str) -> Any:
    """The value of an expression in that tab, which does not wake it."""
    ask = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression, "returnByValue": True}}
    async with connect(tab, proxy=None) as socket:
        await socket.send(orjson.dumps(ask).decode())
        return orjson.loads(await socket.recv())["result"]["result"].get("value")


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Chromium]:
    """With a window where there is a display, else without."""
    port = free_port()
    look = [] if os.environ.get("DISPLAY") else ["--headless=new"]
    flags = [*look, "--no-first-run", f"--user-data-dir={folder}", f"--remote-debugging-port={port}"]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *FLAGS, *flags, "about:blank", stdout=quiet, stderr=quiet
    )
    try:
        browser = Chromium(port)
        await eventually(browser.answers, seconds=30)
        yield browser
    finally:
        process.terminate()
        await process.wait()


async def at_work(browser: Chromium, lane: Lane) -> str:
    """Sign the agent in and make them available, then let go of the page; its tab."""
    async with async_playwright() as playwright:
        driven = await playwright.chromium.connect_over_cdp(browser.url)
        page = await driven.contexts[0].new_page()
        await page.goto(lane.service.url)
        await fill_in(page, lane.email)
        desk = Desk(page)
        await expect(desk.presence).to_be_visible()
        await desk.be_available()
        await driven.close()
    return await browser.tab_of(lane.service.url)


@pytest.fixture
async def hidden(lane: Lane, tmp_path: Path) -> AsyncIterator[str]:
    """The desktop's tab, behind another one, counting its own seconds."""
    if not CHROMIUM.is_file():
        pytest.skip("no Chromium at /usr/bin/chromium")
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium(tmp_path))
        tab = await at_work(browser, lane)
        await evaluated(tab, "window.ticks = 0; setInterval(() => { window.ticks += 1 }, 1000)")
        await browser.open("about:blank")
        yield tab


async def test_keeps_its_lease(hidden: str, lane: Lane) -> None:
    """Its timers starve, and it renews the lease all the same; then it shows an offer."""
    assert await evaluated(hidden, "document.visibilityState") == "hidden"
    async with desktop(lane.service.url, "acme", "boss@acme.test", PASSWORD) as boss:
        until = time.monotonic() + HIDDEN_SECONDS
        while time.monotonic() < until:
            assert await state_of(boss, lane.email) == "idle"
            await asyncio.sleep(1)
        assert await evaluated(hidden, "document.visibilityState") == "hidden"
        ticks = await evaluated(hidden, "window.ticks")
        print(f"hidden for {HIDDEN_SECONDS:.0f} s: a timer of one second ran {ticks} times")
        if HIDDEN_SECONDS > THROTTLED_SECONDS:
            assert ticks < HIDDEN_SECONDS, "the browser did not treat the page as hidden"
        lane.call()

        async def ringing() -> bool:
            return await state_of(boss, lane.email) == "offered"

        await eventually(ringing)
        title = "document.querySelector('[role=alertdialog]')?.ariaLabel"
        await eventually(lambda: evaluated(hidden, title))
