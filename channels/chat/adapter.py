"""A chat endpoint's set-up. Visitors come through the chat socket and touches reach them from the activity
stream, so there is nothing to verify, parse or render: whoever posts to its webhook is turned away."""

from collections.abc import Sequence
from typing import ClassVar

from app.errors import BadSignature
from app.events import InboundEvent
from channels.base import Capabilities, OutboundMessage, SendResult, Unsendable, WireRequest, WireResponse
from channels.config import ChannelConfig
from channels.origins import AllowedOrigins


class ChatConfig(ChannelConfig):
    """`allowed_origins`: pages that may open the chat, as `https://shop.example`; `*` is every page."""

    allowed_origins: tuple[str, ...] = ("*",)


class ChatAdapter:
    name: ClassVar[str] = "chat"
    channel: ClassVar[str] = "chat"
    capabilities: ClassVar[Capabilities] = Capabilities(text_max=10_000, attachments=True)

    def __init__(self, config: ChatConfig) -> None:
        self.config = config
        self._origins = AllowedOrigins(config.allowed_origins)

    def allows(self, origin: str | None) -> bool:
        """Whether a page of this `Origin` may; no header at all is no browser, which may."""
        return self._origins.allows(origin)

    def verify(self, request: WireRequest) -> None:
        raise BadSignature("a chat has no webhook")

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        return ()

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a chat's messages travel on the activity stream")

    def interpret(self, response: WireResponse) -> SendResult:
        raise Unsendable("a chat's messages travel on the activity stream")
