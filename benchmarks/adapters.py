"""What each adapter's `verify` and `parse` cost on one core, on a signed message as its platform sends it.

`python -m benchmarks.adapters [name …]`. Beside it, in the same run, the least that anybody could do with the
same bytes: one HMAC and the language's own parser. Processor time, for others use the machine too.
"""

import hmac
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import orjson

from benchmarks.machine import write_result
from channels.ari.payload import read_frame
from channels.base import ChannelAdapter, WireRequest
from channels.cti import CtiAdapter, CtiConfig
from channels.form import FormAdapter, FormConfig
from channels.twilio import SmsAdapter, SmsConfig
from channels.wechat import WechatAdapter, WechatConfig
from tests.channels.custom import build as custom
from tests.channels.twilio import wire as twilio
from tests.channels.wecom import parts as wecom
from tests.channels.weixin import parts as weixin
from tests.channels.whatsapp import build as whatsapp
from tests.channels.wire import SECRET, post, signed

ROUNDS = 5
SECONDS = 0.4
TARGET_PER_SECOND = 15_000

RINGING: Mapping[str, Any] = {
    "type": "call.incoming",
    "call_id": "c-1",
    "sequence": 1,
    "from": "+8613800138000",
    "to": "4008001234",
    "at": "2026-11-22T10:00:00Z",
    "data": {"queue": "billing"},
}
FORM: Mapping[str, Any] = {
    "name": "王芳",
    "email": "wang@example.test",
    "subject": "发票",
    "text": "请补开一张发票，谢谢。" * 5,
}
SMS: Mapping[str, str] = {
    "MessageSid": "SM5ab7891328b440f04b7c83b459fc85fd",
    "AccountSid": twilio.ACCOUNT,
    "From": "+14158675309",
    "To": "+14152001331",
    "Body": "When does the shop open tomorrow?",
    "NumMedia": "0",
    "NumSegments": "1",
    "SmsStatus": "received",
    "ApiVersion": "2010-04-01",
}
WECHAT = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[fromUser]]></FromUserName>"
    "<CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[请问明天几点开门？]]></Content><MsgId>1234567890123456</MsgId></xml>"
)


KEY: Mapping[str, Any] = {
    "type": "ChannelDtmfReceived",
    "digit": "1",
    "duration_ms": 100,
    "timestamp": "2026-11-22T06:50:41.342+0000",
    "application": "touchpoint",
    "asterisk_id": "0e:1c:af:1c:1c:1c",
    "channel": {
        "id": "pbx-1795330263.30",
        "name": "PJSIP/trunk-00000000",
        "state": "Up",
        "protocol_id": "2d0f6a2c",
        "caller": {"name": "Li Lei", "number": "+8613800138000"},
        "connected": {"name": "", "number": ""},
        "dialplan": {"context": "inbound", "exten": "95588", "priority": 2, "app_name": "Stasis"},
        "creationtime": "2026-11-22T06:50:41.341+0000",
        "language": "en",
    },
}


@dataclass(frozen=True)
class Case:
    """`work` takes in a message of these bytes."""

    work: Callable[[], object]
    body: bytes


def _case(adapter: ChannelAdapter, request: WireRequest) -> Case:
    def work() -> object:
        adapter.verify(request)
        return adapter.parse(request)

    return Case(work, request.body)


def cases() -> Mapping[str, Case]:
    """By adapter. Mails are parsed in processes of their own; chats have no webhook."""
    sms = {"account_sid": twilio.ACCOUNT, "auth_token": twilio.TOKEN, "address": "+14152001331"}
    account = {"app_id": weixin.APP_ID, "app_secret": "s", "token": weixin.TOKEN}
    account["encoding_aes_key"] = weixin.AES_KEY
    text, receipt = (whatsapp.signed(whatsapp.captured(name)) for name in ("text", "status_sent"))
    frame = orjson.dumps(KEY)
    return {
        "cti": _case(CtiAdapter(CtiConfig.model_validate({"secret": SECRET})), signed(dict(RINGING))),
        "ari, a frame": Case(lambda: read_frame(frame), frame),
        "form": _case(FormAdapter(FormConfig()), post(orjson.dumps(FORM))),
        "custom": _case(custom.adapter(), signed(custom.RECEIVED)),
        "whatsapp": _case(whatsapp.adapter(), text),
        "whatsapp, a receipt": _case(whatsapp.adapter(), receipt),
        "twilio-sms": _case(SmsAdapter(SmsConfig.model_validate(sms)), twilio.signed(dict(SMS))),
        "wechat, safe mode": _case(
            WechatAdapter(WechatConfig.model_validate(account)), weixin.sealed(WECHAT)
        ),
        "wecom": _case(wecom.adapter(), wecom.callback()),
    }


def measure(names: Sequence[str]) -> dict[str, Any]:
    found = {}
    for name, case in cases().items():
        if names and name not in names:
            continue
        assert case.work(), f"{name} makes nothing of it"
        ours = statistics.median(_per_second(case.work) for _ in range(ROUNDS))
        bare = statistics.median(_per_second(partial(_bare, case.body)) for _ in range(ROUNDS))
        found[name] = {
            "body_bytes": len(case.body),
            "per_second": round(ours),
            "bare_per_second": round(bare),
            "reached": ours >= TARGET_PER_SECOND,
        }
    return {"target_per_second": TARGET_PER_SECOND, "adapters": found}


def _bare(body: bytes) -> None:
    hmac.digest(b"key", body, "sha256")
    if body.startswith(b"<"):
        ElementTree.fromstring(body)
    elif body.startswith(b"{"):
        orjson.loads(body)
    else:
        parse_qsl(body.decode())


def _per_second(work: Callable[[], object]) -> float:
    done, started = 0, process_time()
    while (spent := process_time() - started) < SECONDS:
        for _ in range(200):
            work()
        done += 200
    return done / spent


def main() -> int:
    """1 where an adapter is slower than its target."""
    result = measure(sys.argv[1:])
    if not sys.argv[1:]:
        write_result("adapters", result)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0 if all(found["reached"] for found in result["adapters"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
