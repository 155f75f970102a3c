"""A chat endpoint's set-up. Visitors come through the chat socket and touches reach them from the activity
stream, so there is nothing to verify, parse or render: whoever posts to its webhook is turned away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

from app.errors import BadSignature
from app.events import InboundEvent
from channels.base import (
    ButtonRoom,
    Capabilities,
    OutboundMessage,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.chat import identity
from channels.chat.identity import BadIdentity, SignedIn
from channels.config import ChannelConfig
from channels.origins import AllowedOrigins

Texts = dict[Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")], Annotated[str, Field(max_length=500)]]
"""By language: `en`, `zh-CN`."""

SECRET_MIN_CHARACTERS = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SECRET_MIN_CHARACTERS:
        raise ValueError(f"at least {SECRET_MIN_CHARACTERS} characters")
    return secret


class ChatConfig(ChannelConfig):
    """`allowed_origins`: pages that may open the chat, as `https://shop.example`; `*` is every page.
    `identity_secret` signs who a visitor is. `pre_chat`: what is asked before the first message.
    `offline_form`, `callback_form`: keys of form endpoints that the widget offers while nobody would answer,
    and for a call. The rest is how the widget looks."""

    allowed_origins: tuple[str, ...] = ("*",)
    identity_secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    color: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] = "#1f5fbf"
    position: Literal["right", "left"] = "right"
    title: Texts = {}
    greeting: Texts = {}
    pre_chat: tuple[Literal["name", "email", "question"], ...] = ()
    offline_form: str | None = None
    callback_form: str | None = None


class ChatAdapter:
    name: ClassVar[str] = "chat"
    channel: ClassVar[str] = "chat"
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_max=10_000, attachments=True, buttons=ButtonRoom(most=10, title_max=60), quotes=True
    )

    def __init__(self, config: ChatConfig) -> None:
        self.config = config
        self._origins = AllowedOrigins(config.allowed_origins)

    def allows(self, origin: str | None) -> bool:
        """Whether a page of this `Origin` may; no header at all is no browser, which may."""
        return self._origins.allows(origin)

    def by_token(self, token: str, now: datetime) -> SignedIn:
        """Raises IdentityExpired, BadIdentity."""
        return identity.by_token(self._secret(), token, now)

    def by_signature(self, external_id: str, signature: str) -> SignedIn:
        """Raises BadIdentity."""
        return identity.by_signature(self._secret(), external_id, signature)

    def verify(self, request: WireRequest) -> None:
        raise BadSignature("a chat has no webhook")

    def parse(self, request: WireRequest) -> Sequence[InboundEvent]:
        return ()

    def render(self, message: OutboundMessage) -> WireRequest:
        raise Unsendable("a chat's messages travel on the activity stream")

    def interpret(self, response: WireResponse) -> SendResult:
        raise Unsendable("a chat's messages travel on the activity stream")

    def _secret(self) -> str:
        if self.config.identity_secret is None:
            raise BadIdentity("this endpoint has no identity_secret")
        return self.config.identity_secret.get_secret_value()
