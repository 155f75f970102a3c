"""What a page posts, as JSON or as a plain HTML form, and what is said about a wrong field."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from app.errors import MalformedPayload
from app.events import Address, FormSubmitted
from channels.base import Unsendable, WireRequest, WireResponse
from channels.form import FormAdapter, FormConfig
from tests.channels.wire import NOW, post

GOOD = {
    "name": "王芳",
    "email": "Wang@Example.COM",
    "phone": "138 0013 8000",
    "subject": "发票",
    "text": "请补开\r\n发票",
}
URLENCODED = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
WRONG = {
    "no subject": ({"subject": None}, "/subject"),
    "subject of blanks": ({"subject": "  "}, "/subject"),
    "no text": ({"text": ""}, "/text"),
    "text a number": ({"text": 5}, "/text"),
    "text too long": ({"text": "x" * 100_001}, "/text"),
    "mail without at": ({"email": "wang"}, "/email"),
    "mail with a header in it": ({"email": "a@b.test\r\nBcc: c@d.test"}, "/email"),
    "two mails": ({"email": "a@b.test,c@d.test"}, "/email"),
    "phone of letters": ({"phone": "call me"}, "/phone"),
    "fields a list": ({"fields": []}, "/fields"),
    "too many fields": ({"fields": dict.fromkeys(map(str, range(201)), 1)}, "/fields"),
}
NOT_FORMS = [b"", b"[]", b"{", b'"text"', b"\xff", b'{"subject": "\\ud800", "text": "x"}']


def json_post(changes: dict[str, Any]) -> WireRequest:
    return post(orjson.dumps(GOOD | changes), {"content-type": "application/json"})


def form_post(body: bytes) -> WireRequest:
    return post(body, URLENCODED)


def submitted(request: WireRequest) -> FormSubmitted:
    adapter = FormAdapter(FormConfig(region="CN"))
    adapter.verify(request)
    (event,) = adapter.parse(request)
    assert isinstance(event, FormSubmitted)
    return event


class TestParse:
    @pytest.mark.parametrize("request_", [json_post({}), form_post(urlencode(GOOD).encode())])
    def test_both_ways(self, request_: WireRequest) -> None:
        assert submitted(request_) == FormSubmitted(
            address=Address(kind="email", value="Wang@example.com"),
            occurred_at=NOW,
            name="王芳",
            email="Wang@example.com",
            phone="+8613800138000",
            subject="发票",
            text="请补开\n发票",
        )

    def test_phone_alone(self) -> None:
        assert submitted(json_post({"email": None})).address == Address(kind="phone", value="+8613800138000")

    def test_nobody(self) -> None:
        event = submitted(json_post({"email": " ", "phone": "", "name": None}))
        assert (event.address, event.name, event.email, event.phone) == (None, None, None, None)

    def test_fields_of_json(self) -> None:
        event = submitted(json_post({"fields": {"order": 7, "note\x00": ["a\x00b", "4111111111111111"]}}))
        assert event.fields == {"order": 7, "note": ["ab", "************1111"]}

    def test_fields_of_a_page(self) -> None:
        event = submitted(form_post(b"subject=a&text=b&order=7&fields=x&colour=%E7%BA%A2"))
        assert event.fields == {"order": "7", "colour": "红"}

    def test_card_number(self) -> None:
        event = submitted(json_post({"subject": "card 4111 1111 1111 1111", "text": "4111111111111111"}))
        assert (event.subject, event.text) == ("card **** **** **** 1111", "************1111")

    def test_subject_is_one_line(self) -> None:
        assert submitted(json_post({"subject": " a\r\nBcc: b "})).subject == "a Bcc: b"

    @pytest.mark.parametrize(("changes", "pointer"), WRONG.values(), ids=WRONG.keys())
    def test_wrong_field(self, changes: dict[str, Any], pointer: str) -> None:
        with pytest.raises(MalformedPayload) as caught:
            submitted(json_post(changes))
        assert caught.value.pointer == pointer

    @pytest.mark.parametrize("body", NOT_FORMS)
    def test_no_json(self, body: bytes) -> None:
        with pytest.raises(MalformedPayload):
            submitted(post(body, {"content-type": "application/json"}))

    @pytest.mark.parametrize("body", [b"subject=%FF&text=x", b"\xff=1", b"&".join([b"a=1"] * 5000)])
    def test_no_form(self, body: bytes) -> None:
        with pytest.raises(MalformedPayload):
            submitted(form_post(body))


class TestCallback:
    def wanted(self, asked: dict[str, Any], **config: Any) -> FormSubmitted:
        adapter = FormAdapter(FormConfig(region="CN", callback=True, **config))
        (event,) = adapter.parse(post(orjson.dumps(asked), {"content-type": "application/json"}))
        assert isinstance(event, FormSubmitted)
        return event

    def test_a_number_is_enough(self) -> None:
        event = self.wanted({"phone": "138 0013 8000", "call_at": ""})
        assert (event.callback, event.phone, event.call_at) == (True, "+8613800138000", None)
        assert (event.subject, event.text) == ("Call me back", "")

    def test_a_time_with_its_offset(self) -> None:
        event = self.wanted({"phone": "138 0013 8000", "call_at": "2026-11-30T10:00:00+08:00"})
        assert event.call_at == datetime(2026, 11, 30, 2, 0, tzinfo=UTC)

    def test_a_time_of_the_endpoints_zone(self) -> None:
        asked = {"phone": "138 0013 8000", "call_at": "2026-11-30T10:00"}
        assert self.wanted(asked, time_zone="Asia/Shanghai").call_at == datetime(
            2026, 11, 30, 2, 0, tzinfo=UTC
        )

    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            ({}, "/phone"),
            ({"phone": "call me"}, "/phone"),
            ({"phone": "13800138000", "call_at": "soon"}, "/call_at"),
            ({"phone": "13800138000", "call_at": "2026-11-30T10:00"}, "/call_at"),
        ],
    )
    def test_wrong_field(self, asked: dict[str, Any], pointer: str) -> None:
        with pytest.raises(MalformedPayload) as caught:
            self.wanted(asked)
        assert caught.value.pointer == pointer

    def test_only_where_the_endpoint_calls(self) -> None:
        assert not submitted(json_post({"call_at": "2026-11-30T10:00:00Z"})).callback


class TestReply:
    def test_there_is_none(self) -> None:
        with pytest.raises(Unsendable):
            FormAdapter(FormConfig()).interpret(WireResponse(200))
