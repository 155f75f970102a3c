"""The fake Asterisk on the network, with lines that can break."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from demo.asterisk import Asterisk, User, asterisk_app

USERNAME, PASSWORD, READER = "touchpoint", "a password of tests", "reader"
USERS = {USERNAME: User(PASSWORD), READER: User(PASSWORD, read_only=True)}


class Server:
    """`url` ends with `/ari`."""

    def __init__(self, asterisk: Asterisk, server: uvicorn.Server, port: int) -> None:
        self.asterisk, self._server = asterisk, server
        self.url = f"http://127.0.0.1:{port}/ari"

    def drop_lines(self) -> None:
        """Every WebSocket breaks, without a close frame."""
        self.asterisk.listeners = dict.fromkeys(self.asterisk.listeners)
        for connection in list(self._server.server_state.connections):
            if "WebSocket" in type(connection).__name__:
                connection.transport.abort()


@asynccontextmanager
async def serving(asterisk: Asterisk) -> AsyncIterator[Server]:
    """On a free port of loopback."""
    app = asterisk_app(asterisk, USERS)
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve([listener]))
    fake = Server(asterisk, server, listener.getsockname()[1])
    try:
        yield fake
    finally:
        fake.drop_lines()
        server.should_exit = True
        await task
