"""The built web pages: their assets under /static/, the chat widget for other people's pages, and the desktop
for every other path."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
PAGES: Final = {"wallboard": "wallboard.html", "demo": "customer.html"}
DESKTOP: Final = "index.html"
WIDGET: Final = "widget.js"

_FOR_EVERY_PAGE: Final = {
    "cache-control": "max-age=600",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}

_NOT_PAGES: Final = frozenset({"v1", "webhooks", "chat", "forms", "static", "docs", "problems"})


class PageRoute(Route):
    """Any path but those of the API, which says itself what it does not know or take."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        first = scope["path"].lstrip("/").partition("/")[0]
        return (Match.NONE, {}) if first in _NOT_PAGES else super().matches(scope)


def install(app: FastAPI) -> None:
    """After all routers: what they do not know is a page, or nothing."""
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.router.routes.append(Route(f"/{WIDGET}", _widget, methods=["GET"], include_in_schema=False))
    app.router.routes.append(PageRoute("/{path:path}", _page, methods=["GET"], include_in_schema=False))


async def _widget(request: Request) -> Response:
    if not (STATIC / WIDGET).is_file():
        raise HTTPException(404)
    return FileResponse(STATIC / WIDGET, media_type="text/javascript", headers=_FOR_EVERY_PAGE)


async def _page(request: Request) -> Response:
    first = request.path_params["path"].partition("/")[0]
    file = STATIC / PAGES.get(first, DESKTOP)
    if "text/html" not in request.headers.get("accept", "") or not file.is_file():
        raise HTTPException(404)
    return FileResponse(file, headers={"cache-control": "no-cache"})
