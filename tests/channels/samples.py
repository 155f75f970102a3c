"""One signed message of each platform that posts to us, and the adapter that takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from channels.base import ChannelAdapter, WireRequest
from channels.cti import CtiAdapter, CtiConfig
from channels.twilio import SmsAdapter, SmsConfig, VoiceAdapter, VoiceConfig
from channels.wechat import WechatAdapter, WechatConfig
from tests.channels.custom import build as custom
from tests.channels.twilio import wire as twilio
from tests.channels.wecom import parts as wecom
from tests.channels.weixin import parts as weixin
from tests.channels.whatsapp import build as whatsapp
from tests.channels.wire import SECRET, signed

TWILIO: Final = Path(__file__).parent / "twilio" / "captured"
RINGING: Mapping[str, Any] = {
    "type": "call.incoming",
    "call_id": "c-1",
    "sequence": 1,
    "from": "+8613800138000",
    "to": "4008001234",
    "at": "2026-11-22T10:00:00Z",
    "data": {"queue": "billing"},
}
WECHAT: Final = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[fromUser]]></FromUserName>"
    "<CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[请问明天几点开门？]]></Content><MsgId>1234567890123456</MsgId></xml>"
)


@dataclass(frozen=True)
class Sample:
    """`proof`: the headers and query parameters by which the request shows where it comes from."""

    adapter: ChannelAdapter
    request: WireRequest
    proof: tuple[str, ...]


def samples() -> Mapping[str, Sample]:
    standard = ("webhook-id", "webhook-timestamp", "webhook-signature")
    account = {"account_sid": twilio.ACCOUNT, "auth_token": twilio.TOKEN, "address": "+14155550100"}
    sms, call = (
        twilio.signed((TWILIO / f"{name}.form").read_bytes().strip()) for name in ("sms", "incoming")
    )
    weixin_proof = ("msg_signature", "timestamp", "nonce")
    safe = {
        "app_id": weixin.APP_ID,
        "app_secret": "s",
        "token": weixin.TOKEN,
        "encoding_aes_key": weixin.AES_KEY,
    }
    return {
        "cti": Sample(
            CtiAdapter(CtiConfig.model_validate({"secret": SECRET})), signed(dict(RINGING)), standard
        ),
        "custom": Sample(custom.adapter(), signed(custom.RECEIVED), standard),
        "whatsapp": Sample(
            whatsapp.adapter(), whatsapp.signed(whatsapp.captured("text")), ("x-hub-signature-256",)
        ),
        "twilio-sms": Sample(SmsAdapter(SmsConfig.model_validate(account)), sms, ("x-twilio-signature",)),
        "twilio-voice": Sample(
            VoiceAdapter(VoiceConfig.model_validate(account)), call, ("x-twilio-signature",)
        ),
        "wechat": Sample(
            WechatAdapter(WechatConfig.model_validate(safe)), weixin.sealed(WECHAT), weixin_proof
        ),
        "wecom": Sample(wecom.adapter(), wecom.callback(), weixin_proof),
    }
