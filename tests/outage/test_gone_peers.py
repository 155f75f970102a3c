"""A socket whose peer is gone by the time that it is closed: nobody is left to be told, and that is no
error."""

from pathlib import Path
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from routers.chat import VisitorSocket
from routers.streams import DesktopSocket
from tests.parts import open_test_container

NOBODY = "00000000-0000-0000-0000-000000000000"


class Gone(WebSocket):
    """Sends rubbish and leaves."""

    def __init__(self) -> None:
        super().__init__({"type": "websocket", "extensions": {}}, self._gone, self._gone)

    async def accept(self, *_: Any, **__: Any) -> None:
        return None

    async def receive_text(self) -> str:
        return "rubbish"

    async def close(self, *_: Any, **__: Any) -> None:
        await self._gone()

    async def _gone(self, *_: Any) -> Any:
        raise WebSocketDisconnect(1006)


async def test_a_desktop(database_url: str, tmp_path: Path) -> None:
    async with open_test_container(database_url, tmp_path) as container:
        await DesktopSocket(Gone(), container).serve()


async def test_a_visitors_window(database_url: str, tmp_path: Path) -> None:
    async with open_test_container(database_url, tmp_path) as container:
        await VisitorSocket(Gone(), container).serve(NOBODY)
