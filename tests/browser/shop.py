"""A tenant's own web site on another origin than the service, with a policy as strict as a browser knows."""

import asyncio
import html
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from playwright.async_api import Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.browser.screens import Windows
from tests.waiting import eventually

PAGE = """<!doctype html><html lang="{language}" dir="{direction}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shop</title><main><h1>Shop</h1><p>Kettles and mixers.</p><a href="/other">Other page</a>
<p><label>Search <input></label></p></main>
<script src="{service}/widget.js"{data}></script></html>"""

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}

TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => console.error(`violates ${event.violatedDirective}`));
"""


@dataclass
class Shop:
    """Its pages carry the widget of `endpoint`; `data` are further attributes of the script."""

    url: str
    service: str
    endpoint: str = ""
    language: str = "en"
    direction: str = "ltr"
    data: dict[str, str] = field(default_factory=dict)

    @property
    def policy(self) -> str:
        """What docs/channels/chat.md tells to allow, and nothing else."""
        sockets = self.service.replace("http", "ws", 1)
        return (
            f"default-src 'none'; script-src {self.service}; connect-src {self.service} {sockets}; "
            "style-src 'none'; base-uri 'none'; form-action 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )

    def page(self) -> str:
        given = {"endpoint": self.endpoint, **self.data}
        data = "".join(f' data-{name}="{html.escape(value)}"' for name, value in given.items())
        return PAGE.format(service=self.service, data=data, language=self.language, direction=self.direction)


class Visit:
    """A visitor of the shop, who sees its page and the chat on it."""

    def __init__(self, page: Page) -> None:
        self.page, self.errors = page, list[str]()
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    @property
    def launcher(self) -> Locator:
        return self.page.locator(".launcher")

    @property
    def window(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def log(self) -> Locator:
        return self.window.get_by_role("log")

    @property
    def status(self) -> Locator:
        return self.window.get_by_role("status")

    @property
    def field(self) -> Locator:
        return self.window.get_by_role("textbox", name="Your message")

    async def open(self) -> None:
        await self.launcher.click()
        await expect(self.window).to_be_visible()

    async def say(self, text: str) -> None:
        await self.field.fill(text)
        await self.page.keyboard.press("Enter")


async def visit(
    windows: Windows, shop: Shop, size: dict[str, int] = DESKTOP, language: str = "en-US"
) -> Visit:
    """Walk in: the widget's button is there."""
    page = await windows.open(language)
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.add_init_script(TELL_VIOLATIONS)
    walked = Visit(page)
    await page.goto(shop.url)
    await expect(walked.launcher).to_be_visible()
    return walked


@asynccontextmanager
async def open_shop(service: str) -> AsyncIterator[Shop]:
    """Served on a port of its own until the end."""

    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse(shop.page(), headers={"content-security-policy": shop.policy})

    with socket.create_server(("127.0.0.1", 0)) as listener:
        shop = Shop(f"http://127.0.0.1:{listener.getsockname()[1]}/", service)
        app = Starlette(routes=[Route("/{path:path}", page)])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        await eventually(lambda: server.started)
        try:
            yield shop
        finally:
            server.should_exit = True
            await serving
