"""Which adapters there are: a channel is registered here, documented in docs/channels/ and tested."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import ValidationError

from channels.ari import AriAdapter, AriConfig
from channels.ari.listener import AriListener
from channels.base import Capabilities, ChannelAdapter
from channels.chat import ChatAdapter, ChatConfig
from channels.config import ChannelConfig, problems_of
from channels.cti import CtiAdapter, CtiConfig
from channels.custom import CustomAdapter, CustomConfig
from channels.email import EmailAdapter, EmailConfig, mailbox_adapter
from channels.email.imap_listener import listener_of
from channels.form import FormAdapter, FormConfig
from channels.listening import Listener
from channels.twilio import SmsAdapter, SmsConfig, VoiceAdapter, VoiceConfig
from channels.wechat import WechatAdapter, WechatConfig
from channels.wecom import WecomAdapter, WecomConfig
from channels.whatsapp import WhatsAppAdapter, WhatsAppConfig


@dataclass(frozen=True, slots=True)
class Registered:
    """`adapter` is the class; `variant` makes the adapter where its config decides which class it is.
    `listener` makes what listens for an endpoint of this kind; None where nothing has to."""

    adapter: Callable[[Any], ChannelAdapter]
    config: type[ChannelConfig]
    listener: Callable[[Any], Listener | None] | None = None
    variant: Callable[[Any], ChannelAdapter] | None = None

    @property
    def capabilities(self) -> Capabilities:
        return cast(type[ChannelAdapter], self.adapter).capabilities


ADAPTERS: Final[Mapping[str, Registered]] = {
    "cti": Registered(CtiAdapter, CtiConfig),
    "ari": Registered(AriAdapter, AriConfig, AriListener),
    "chat": Registered(ChatAdapter, ChatConfig),
    "form": Registered(FormAdapter, FormConfig),
    "email": Registered(EmailAdapter, EmailConfig, listener_of, mailbox_adapter),
    "custom": Registered(CustomAdapter, CustomConfig),
    "whatsapp": Registered(WhatsAppAdapter, WhatsAppConfig),
    "twilio-sms": Registered(SmsAdapter, SmsConfig),
    "wechat": Registered(WechatAdapter, WechatConfig),
    "wecom": Registered(WecomAdapter, WecomConfig),
    "twilio-voice": Registered(VoiceAdapter, VoiceConfig),
}


def build(
    adapter_name: str,
    config: Mapping[str, Any],
    *,
    reply_secret: str | None = None,
    webhook_url: str | None = None,
) -> ChannelAdapter:
    """The adapter of one endpoint. `reply_secret` signs a mailbox's reply tokens, `webhook_url` is where the
    platform reaches the endpoint, where its config names none.

    Raises KeyError for an unknown name, ValidationError for a wrong config: ask `config_problems` first about
    what a person wrote.
    """
    registered = ADAPTERS[adapter_name]
    ours = {"reply_secret": reply_secret, "webhook_url": webhook_url}
    fields = registered.config.model_fields
    wanted = {name: value for name, value in ours.items() if value is not None and name in fields}
    make = registered.variant or registered.adapter
    return make(registered.config.model_validate({**wanted, **config}))


def config_problems(adapter_name: str, config: object) -> list[tuple[str, str]]:
    """(pointer into the config, message) for everything wrong in it; empty when it is fine."""
    registered = ADAPTERS.get(adapter_name)
    if registered is None:
        return [("", f"there is no adapter {adapter_name!r}; there are {', '.join(sorted(ADAPTERS))}")]
    try:
        registered.config.model_validate(config)
    except ValidationError as error:
        return problems_of(error)
    return []
