"""The messaging format in both directions: each event, each wrong field by its name, and what we post."""

import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from app.errors import BadSignature, MalformedPayload
from app.events import (
    Address,
    Attachment,
    DeliveryUpdated,
    InboundEvent,
    MessageReceived,
    MessageSentElsewhere,
    ReplyWindow,
    UnknownReceived,
)
from channels.abilities import NotDone
from channels.base import (
    Button,
    OutboundAttachment,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireResponse,
)
from tests.channels.custom.build import RECEIVED, adapter
from tests.channels.steps import json_answer, walk
from tests.channels.wire import NOW, OTHER_SECRET, SECRET, signed

WANG = Address(kind="custom", value="line:U4af4980629")
WINDOW = ReplyWindow(seconds=172_800, messages=5)
STATUS = {"type": "message.status", "message_id": "m1", "at": "2026-11-22T10:00:00Z", "state": "read"}
FILE = {"url": "https://bridge.test/f/1", "name": "a.png", "content_type": "image/png", "size": 3}
FETCHED = Attachment(name="a.png", content_type="image/png", size=3, media={"url": "https://bridge.test/f/1"})
CASES: dict[str, tuple[dict[str, Any], InboundEvent]] = {
    "received": (
        RECEIVED,
        MessageReceived(
            external_id="325708",
            conversation=WANG.value,
            address=WANG,
            occurred_at=NOW,
            name="王芳",
            text="你好",
            reply_window=WINDOW,
        ),
    ),
    "received with all there is": (
        RECEIVED
        | {
            "conversation": "thread-9",
            "customer": {"phone": "+86 138 0013 8000"},
            "text": "card 4111 1111 1111 1111",
            "attachments": [FILE],
            "reply_to": "325700",
            "payload": {"sticker": 7, "note": "4111111111111111"},
        },
        MessageReceived(
            external_id="325708",
            conversation="thread-9",
            address=Address(kind="phone", value="+8613800138000"),
            occurred_at=NOW,
            text="card **** **** **** 1111",
            attachments=(FETCHED,),
            payload={"sticker": 7, "note": "************1111", "reply_to": "325700"},
            reply_window=WINDOW,
        ),
    ),
    "sent elsewhere": (
        RECEIVED
        | {"type": "message.sent_elsewhere", "author": "Han", "customer": {"email": "w@Example.COM"}},
        MessageSentElsewhere(
            external_id="325708",
            conversation="w@example.com",
            address=Address(kind="email", value="w@example.com"),
            occurred_at=NOW,
            text="你好",
            author="Han",
        ),
    ),
    "status": (STATUS, DeliveryUpdated(external_id="m1", occurred_at=NOW, state="read")),
    "status failed": (
        STATUS | {"state": "failed", "reason": "blocked\nby them", "conversation": "thread-9"},
        DeliveryUpdated(
            external_id="m1",
            occurred_at=NOW,
            state="failed",
            reason="blocked by them",
            conversation="thread-9",
        ),
    ),
    "unknown": (
        {"type": "typing", "customer": {"id": "u"}, "note": "4111111111111111"},
        UnknownReceived(
            kind="typing",
            payload={"type": "typing", "customer": {"id": "u"}, "note": "************1111"},
        ),
    ),
}
WRONG: dict[str, tuple[Any, str]] = {
    "no json": (b"{", ""),
    "a list": (b"[]", ""),
    "no type": (RECEIVED | {"type": None}, "/type"),
    "type a number": (RECEIVED | {"type": 1}, "/type"),
    "no id": (RECEIVED | {"id": None}, "/id"),
    "id empty": (RECEIVED | {"id": ""}, "/id"),
    "id too long": (RECEIVED | {"id": "x" * 201}, "/id"),
    "no time": (RECEIVED | {"at": None}, "/at"),
    "time without zone": (RECEIVED | {"at": "2026-11-22T10:00:00"}, "/at"),
    "time that UTC has not": (RECEIVED | {"at": "9999-12-31T23:59:59-14:00"}, "/at"),
    "no customer": (RECEIVED | {"customer": None}, "/customer"),
    "customer nobody": (RECEIVED | {"customer": {"name": "Wang"}}, "/customer"),
    "customer twice": (RECEIVED | {"customer": {"id": "1", "phone": "+8613800138000"}}, "/customer"),
    "customer id a number": (RECEIVED | {"customer": {"id": 1}}, "/customer/id"),
    "phone without country": (RECEIVED | {"customer": {"phone": "13800138000"}}, "/customer/phone"),
    "phone of letters": (RECEIVED | {"customer": {"phone": "call me"}}, "/customer/phone"),
    "mail without at": (RECEIVED | {"customer": {"email": "wang"}}, "/customer/email"),
    "nothing said": (RECEIVED | {"text": " "}, "/text"),
    "text a list": (RECEIVED | {"text": []}, "/text"),
    "text too long": (RECEIVED | {"text": "x" * 100_001}, "/text"),
    "file without address": (RECEIVED | {"attachments": [{"name": "a"}]}, "/attachments/0/url"),
    "file on no web": (RECEIVED | {"attachments": [FILE | {"url": "file:///x"}]}, "/attachments/0/url"),
    "file of a negative size": (RECEIVED | {"attachments": [FILE | {"size": -1}]}, "/attachments/0/size"),
    "too many files": (RECEIVED | {"attachments": [FILE] * 21}, "/attachments"),
    "payload a text": (RECEIVED | {"payload": "x"}, "/payload"),
    "status of nothing": (STATUS | {"message_id": None}, "/message_id"),
    "status of no kind": (STATUS | {"state": "lost"}, "/state"),
}


def parsed(payload: dict[str, Any] | bytes) -> InboundEvent:
    request = signed(payload)
    custom = adapter()
    custom.verify(request)
    (event,) = custom.parse(request)
    return event


class TestParse:
    @pytest.mark.parametrize(("payload", "expected"), CASES.values(), ids=CASES.keys())
    def test_event(self, payload: dict[str, Any], expected: InboundEvent) -> None:
        assert parsed(payload) == expected

    def test_members_of_later_and_controls(self) -> None:
        event = parsed(RECEIVED | {"colour": "red", "text": "a\x00b\r\nc"})
        assert isinstance(event, MessageReceived)
        assert event.text == "ab\nc"

    def test_users_of_two_platforms_are_two(self) -> None:
        (other,) = adapter(platform="viber").parse(signed(RECEIVED))
        assert other.address == Address(kind="custom", value="viber:U4af4980629")

    def test_without_a_reply_window(self) -> None:
        (event,) = adapter(reply_window=None).parse(signed(RECEIVED))
        assert isinstance(event, MessageReceived)
        assert event.reply_window is None

    @pytest.mark.parametrize(("payload", "pointer"), WRONG.values(), ids=WRONG.keys())
    def test_wrong_field(self, payload: Any, pointer: str) -> None:
        with pytest.raises(MalformedPayload) as caught:
            parsed(payload)
        assert caught.value.pointer == pointer

    def test_an_older_secret_still_opens(self) -> None:
        request = signed(RECEIVED, secret=OTHER_SECRET)
        adapter(previous_secrets=[OTHER_SECRET]).verify(request)
        with pytest.raises(BadSignature):
            adapter().verify(request)


def saying(text: str = "hi", now: datetime = NOW, **more: Any) -> OutboundMessage:
    return OutboundMessage(
        touch_id=UUID(int=1),
        interaction_id=UUID(int=2),
        provider_key="key-1",
        text=text,
        now=now,
        **({"address": WANG, "conversation": WANG.value} | more),
    )


class TestSend:
    def test_is_one_signed_request(self) -> None:
        (request,), result = walk(adapter().send(saying()), json_answer({"id": "325709"}, 201))
        expected = Webhook(SECRET).sign("key-1", NOW, request.body.decode())
        assert (request.url, request.headers["webhook-id"]) == ("https://bridge.test/send", "key-1")
        assert request.headers["webhook-signature"] == expected
        assert orjson.loads(request.body) == {
            "type": "message.send",
            "message_id": "key-1",
            "customer": {"id": "U4af4980629"},
            "conversation": WANG.value,
            "text": "hi",
        }
        assert result == SendResult(SendOutcome.SENT, provider_id="325709")

    def test_a_repeat_has_the_same_id_and_body_and_a_new_signature(self) -> None:
        first = adapter().render(saying())
        later = adapter().render(saying(now=NOW + timedelta(hours=2)))
        assert later.body == first.body
        assert later.headers["webhook-id"] == first.headers["webhook-id"]
        assert later.headers["webhook-timestamp"] != first.headers["webhook-timestamp"]

    def test_with_all_there_is(self) -> None:
        message = saying(
            attachments=[OutboundAttachment("a.png", "image/png", b"png")],
            buttons=[Button("y", "Yes")],
            reply_to="325708",
            automatic=True,
            address=Address(kind="phone", value="+8613800138000"),
        )
        body = orjson.loads(adapter().render(message).body)
        content = base64.b64encode(b"png").decode()
        assert body["attachments"] == [
            {"name": "a.png", "content_type": "image/png", "size": 3, "content": content}
        ]
        assert body["customer"] == {"phone": "+8613800138000"}
        assert body["buttons"] == [{"id": "y", "title": "Yes"}]
        assert (body["reply_to"], body["automatic"]) == ("325708", True)

    @pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"id": 7}'])
    def test_without_an_id_receipts_name_ours(self, body: bytes) -> None:
        _, result = walk(adapter().send(saying()), WireResponse(202, {}, body))
        assert result == SendResult(SendOutcome.SENT, provider_id="key-1")

    @pytest.mark.parametrize(
        ("status", "outcome", "rest"),
        [(400, "rejected", None), (410, "rejected", None), (429, "throttled", 7), (503, "retry", 7)],
    )
    def test_refused(self, status: int, outcome: str, rest: float | None) -> None:
        _, result = walk(
            adapter().send(saying()), WireResponse(status, {"retry-after": "7"}, b"no such user")
        )
        assert (result.outcome, result.retry_after_seconds) == (outcome, rest)

    def test_files_too_large(self) -> None:
        big = OutboundAttachment("a", "text/plain", b"x" * (10 * 1024 * 1024 + 1))
        with pytest.raises(Unsendable, match="10 MB"):
            adapter().render(saying(attachments=[big]))


class TestMedia:
    def test_is_fetched_without_a_secret(self) -> None:
        answer = WireResponse(200, {"content-type": "image/png"}, b"png")
        (request,), media = walk(adapter().media({"url": FILE["url"]}), answer)
        assert (request.method, request.url, request.headers) == ("GET", FILE["url"], {})
        assert (media.content_type, media.content) == ("image/png", b"png")

    def test_gone(self) -> None:
        with pytest.raises(Unsendable):
            walk(adapter().media({"url": FILE["url"]}), WireResponse(404))

    def test_not_to_be_had_now(self) -> None:
        with pytest.raises(NotDone):
            walk(adapter().media({"url": FILE["url"]}), WireResponse(503))
