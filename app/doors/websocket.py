"""The server's side of a WebSocket as uvicorn keeps it, with two things more: when the peer was last heard
of, pongs included, and a way to drop a peer that does not read.

See docs/decisions/0010-pongs-renew-the-lease.md.
"""

import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION: Final = "touchpoint.peer"
FLUSH_SECONDS: Final = 5.0
"""How long a dropped peer may take to read what was sent before, and the close code behind it."""


class Peer(Protocol):
    """What a route may ask of its socket's transport."""

    @property
    def heard_at(self) -> float:
        """When the last bytes came, in seconds of the monotonic clock."""

    def drop(self, code: int) -> None:
        """Close without waiting for the peer to read."""


class HeardWebSocket(WebSocketsSansIOProtocol):
    """Given to uvicorn as `ws`; a route finds it by `peer_of`."""

    heard_at: float = 0.0

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        self.heard_at = time.monotonic()
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = self

    def drop(self, code: int) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.transport.close()
        self.loop.call_later(FLUSH_SECONDS, self.transport.abort)


@dataclass
class _Unknown:
    """Behind another server (tests): only whole frames are heard."""

    heard_at: float = 0.0

    def drop(self, code: int) -> None:
        return None


def peer_of(socket: WebSocket) -> Peer:
    peer: Peer = socket.scope.get("extensions", {}).get(EXTENSION) or _Unknown()
    return peer
