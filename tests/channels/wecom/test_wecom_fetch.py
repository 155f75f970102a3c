"""WeCom says that there is something; what we then ask for, and what it becomes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from app.errors import MalformedPayload
from app.events import (
    Address,
    Attachment,
    DeliveryUpdated,
    FetchAsked,
    InboundEvent,
    MessageReceived,
    MessageSentElsewhere,
    ReplyWindow,
    UnknownReceived,
)
from channels.abilities import Fetched, Fetches, NotDone
from channels.base import SendOutcome, WireRequest, WireResponse
from channels.wecom.message_ids import message_id
from tests.channels.steps import json_answer, walk
from tests.channels.wecom.parts import ACCOUNT, CORP, adapter, callback, page
from tests.channels.weixin.parts import NONCE, STAMP

ADAPTER = adapter().with_token("T1")
CUSTOMER = "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"
ADDRESS = Address(kind="wecom", value=f"{CORP}:{CUSTOMER}")
COMMON: Mapping[str, Any] = {
    "address": ADDRESS,
    "conversation": ADDRESS.value,
    "occurred_at": datetime.fromtimestamp(1615478585, UTC),
}
MEDIA = {"media_id": "2iSLeVyqzk4eX0IB5kTi9Ljfa2rt9dwfq5WKRQ4Nvvgw"}
NAMES = {"errcode": 0, "customer_list": [{"external_userid": CUSTOMER, "nickname": "张三"}]}


def said(external_id: str, kind: str, text: str = "", **shown: str) -> MessageReceived:
    return MessageReceived(
        **COMMON,
        external_id=external_id,
        text=text,
        name="张三",
        payload={"type": kind, **shown},
        reply_window=ReplyWindow(seconds=172_800, messages=5),
    )


def with_file(external_id: str, kind: str, name: str, content_type: str) -> MessageReceived:
    file = Attachment(name=name, content_type=content_type, size=0, media=MEDIA)
    return said(external_id, kind).model_copy(update={"attachments": (file,)})


def did(external_id: str, **payload: str) -> MessageReceived:
    return MessageReceived(
        **COMMON, external_id=external_id, payload={"type": "event", **payload}, wakes=False
    )


CASES: Mapping[str, InboundEvent] = {
    "m-text": said("m-text", "text", "hello world", menu_id="101"),
    "m-image": with_file("m-image", "image", "image.jpg", "image/jpeg"),
    "m-voice": with_file("m-voice", "voice", "voice.amr", "audio/amr"),
    "m-video": with_file("m-video", "video", "video.mp4", "video/mp4"),
    "m-file": with_file("m-file", "file", "file", "application/octet-stream"),
    "m-location": said(
        "m-location",
        "location",
        "广州国际媒体港(广州市海珠区)\n广东省广州市海珠区滨江东路\n23.1060218811035, 113.320503234863",
        latitude="23.1060218811035",
        longitude="113.320503234863",
        name="广州国际媒体港(广州市海珠区)",
        address="广东省广州市海珠区滨江东路",
    ),
    "m-link": said(
        "m-link", "link", "TITLE\nDESC\nURL", title="TITLE", desc="DESC", url="URL", pic_url="PIC_URL"
    ),
    "m-card": said("m-card", "business_card", "USERID", userid="USERID"),
    "m-mini": said(
        "m-mini",
        "miniprogram",
        "TITLE",
        title="TITLE",
        appid="APPID",
        pagepath="PAGE_PATH",
        thumb_media_id="THUMB_MEDIA_ID",
    ),
    "m-colleague": MessageSentElsewhere(
        **COMMON, external_id="m-colleague", text="您好", author="Zhangsan", payload={"type": "text"}
    ),
    "e-enter": did("e-enter", event="entered", scene="123", scene_param="abc"),
    "e-fail": DeliveryUpdated(
        **COMMON,
        external_id="FAIL_MSGID",
        state="failed",
        reason="more than 48 hours since the customer's last message",
    ),
    "e-recall": did("e-recall", event="recalled", recall_msgid="RECALL_MSGID"),
}


def item(name: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in page()["msg_list"] if one["msgid"] == name)
    return {**found, **changes}


def fetched(*items: Any, names: Mapping[str, Any] = NAMES, **told: Any) -> Fetched:
    answer = {"errcode": 0, "next_cursor": "c2", "has_more": 0, "msg_list": list(items), **told}
    _, result = walk(ADAPTER.fetch({}, {}), json_answer(answer), json_answer(names))
    return result


def asked(request: WireRequest) -> tuple[str, Any]:
    assert parse_qs(urlsplit(request.url).query)["access_token"] == ["T1"]
    return urlsplit(request.url).path, orjson.loads(request.body)


class TestCallback:
    def test_it_asks_to_fetch(self) -> None:
        heard = callback()
        ADAPTER.verify(heard)
        (event,) = ADAPTER.parse(heard)
        token = "ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR"
        assert event == FetchAsked(external_id=f"{STAMP}:{NONCE}", hint={"token": token})
        assert ADAPTER.answer(heard, [event]).body == b"success"
        assert ADAPTER.unavailable(heard) is None

    def test_a_card_number_is_nobodys_name(self) -> None:
        told = {"customer_list": [{"external_userid": CUSTOMER, "nickname": "4111 1111 1111 1111\n"}]}
        (event,) = fetched(item("m-text"), names=told).events
        assert isinstance(event, MessageReceived)
        assert event.name == "**** **** **** 1111"

    def test_an_older_one_names_no_account(self) -> None:
        (event,) = ADAPTER.parse(callback("<OpenKfId><![CDATA[wkxxxxxxx]]></OpenKfId>"))
        assert isinstance(event, FetchAsked)

    def test_another_account_of_the_company(self) -> None:
        (event,) = ADAPTER.parse(callback("wkxxxxxxx", "wkother"))
        assert isinstance(event, UnknownReceived)
        assert event.kind == "kf_msg_or_event wkother"
        assert "Token" not in event.payload

    def test_something_else(self) -> None:
        (event,) = ADAPTER.parse(callback("kf_msg_or_event", "change_contact"))
        assert isinstance(event, UnknownReceived)
        assert event.kind.startswith("change_contact")

    def test_without_its_token(self) -> None:
        with pytest.raises(MalformedPayload, match="/Token"):
            ADAPTER.parse(callback("Token>", "Other>"))


class TestMessages:
    @pytest.mark.parametrize("name", CASES)
    def test_what_the_documentation_shows(self, name: str) -> None:
        assert fetched(item(name)).events == [CASES[name]]

    def test_a_whole_page(self) -> None:
        (sync, names), result = walk(ADAPTER.fetch({}, {}), json_answer(page()), json_answer(NAMES))
        assert asked(sync) == (
            "/cgi-bin/kf/sync_msg",
            {"cursor": "", "open_kfid": ACCOUNT, "limit": 100, "voice_format": 0},
        )
        assert asked(names) == (
            "/cgi-bin/kf/customer/batchget",
            {"external_userid_list": [CUSTOMER]},
        )
        known = [event for event in result.events if not isinstance(event, UnknownReceived)]
        at = COMMON["occurred_at"]
        assert [event.model_copy(update={"occurred_at": at}) for event in known] == list(CASES.values())
        assert [e.kind for e in result.events if isinstance(e, UnknownReceived)] == ["session_status_change"]
        assert (result.state["cursor"], result.more) == ("4gw7MepFLfgF2VC5npN", True)

    def test_a_failed_part_is_its_message(self) -> None:
        event = item("e-fail")
        event["event"] = {**event["event"], "fail_msgid": message_id("key", 3), "fail_type": 99}
        (told,) = fetched(event).events
        assert isinstance(told, DeliveryUpdated)
        assert (told.external_id, told.reason) == (message_id("key", 0), "fail_type 99")

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"msgid": None}, "/msgid"),
            ({"msgid": 7}, "/msgid"),
            ({"send_time": None}, "/send_time"),
            ({"send_time": "1615478585"}, "/send_time"),
            ({"send_time": 10**12}, "/send_time"),
            ({"external_userid": None}, "/external_userid"),
            ({"external_userid": {}}, "/external_userid"),
            ({"external_userid": "w" * 129}, "/external_userid"),
            ({"external_userid": "w\n"}, "/external_userid"),
            ({"text": None}, "/text"),
            ({"text": []}, "/text"),
            ({"text": {}}, "/content"),
            ({"text": {"content": 1}}, "/content"),
            ({"msgtype": None}, "/msgtype"),
            ({"msgtype": "hologram"}, "hologram"),
            ({"origin": 7}, "text"),
            ({"origin": None}, "text"),
        ],
    )
    def test_a_message_that_cannot_be_read_keeps_no_other_away(
        self, changed: dict[str, Any], said: str
    ) -> None:
        odd, good = fetched(item("m-text", **changed), item("m-image")).events
        good = good.model_copy(update={"occurred_at": COMMON["occurred_at"]})
        assert isinstance(odd, UnknownReceived)
        assert said in odd.kind
        assert odd.payload["msgtype"] == changed.get("msgtype", "text")
        assert good == CASES["m-image"]

    @pytest.mark.parametrize("odd", [None, 1, "text", [], True])
    def test_what_is_no_message_at_all(self, odd: Any) -> None:
        assert fetched(odd, item("m-text")).events == [CASES["m-text"]]

    def test_card_numbers_are_masked(self) -> None:
        (event,) = fetched(item("m-text", text={"content": "4111111111111111"})).events
        assert isinstance(event, MessageReceived)
        assert event.text == "************1111"

    def test_an_odd_character_keeps_no_page_away(self) -> None:
        body = orjson.dumps({"errcode": 0, "next_cursor": "c2", "msg_list": [item("m-text")]})
        odd = WireResponse(200, {}, body.replace(b"hello world", b"hello \\ud83d\\u0000\xff"))
        _, result = walk(ADAPTER.fetch({}, {}), odd, json_answer(NAMES))
        (event,) = result.events
        assert isinstance(event, MessageReceived)
        assert event.text == "hello \ufffd\ufffd"


class TestPages:
    def test_of_one_second_the_order_stays(self) -> None:
        times = [event.occurred_at for event in fetched(*(item("m-text") for _ in range(3))).events]
        assert times[0] == COMMON["occurred_at"]
        assert times == sorted(set(times))

    def test_and_from_page_to_page(self) -> None:
        state = fetched(*(item("m-text") for _ in range(3))).state
        answer = {"errcode": 0, "next_cursor": "c3", "msg_list": [item("m-text"), item("m-image")]}
        _, result = walk(ADAPTER.fetch(state, {}), json_answer(answer), json_answer(NAMES))
        milliseconds = [e.occurred_at.microsecond // 1000 for e in result.events if e.occurred_at]
        assert milliseconds == [3, 4]

    def test_it_goes_on_from_the_cursor(self) -> None:
        answer = {"errcode": 0, "next_cursor": "c2", "has_more": 0, "msg_list": []}
        (sync,), result = walk(ADAPTER.fetch({"cursor": "c1"}, {"token": "E1"}), json_answer(answer))
        _, body = asked(sync)
        assert (body["cursor"], body["token"]) == ("c1", "E1")
        assert result == Fetched([], {"cursor": "c2", "last_at": None}, more=False)

    def test_an_empty_page_may_have_more_behind_it(self) -> None:
        answer = {"errcode": 0, "next_cursor": "c2", "has_more": 1, "msg_list": []}
        _, result = walk(ADAPTER.fetch({}, {}), json_answer(answer))
        assert result.more

    def test_without_a_new_cursor_the_old_one_stays(self) -> None:
        _, result = walk(ADAPTER.fetch({"cursor": "c1"}, {}), json_answer({"errcode": 0, "msg_list": []}))
        assert result.state["cursor"] == "c1"

    def test_a_callbacks_token_that_has_ended(self) -> None:
        ended = json_answer({"errcode": 95007, "errmsg": "invalid msg token"})
        answer = json_answer({"errcode": 0, "next_cursor": "c2", "msg_list": []})
        (_, again), _ = walk(ADAPTER.fetch({"cursor": "c1"}, {"token": "E1"}), ended, answer)
        _, body = asked(again)
        assert "token" not in body and body["cursor"] == "c1"

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (json_answer({"errcode": 40014, "errmsg": ""}), SendOutcome.UNAUTHORISED),
            (json_answer({"errcode": 42001, "errmsg": ""}), SendOutcome.UNAUTHORISED),
            (json_answer({"errcode": 45009, "errmsg": ""}), SendOutcome.THROTTLED),
            (json_answer({"errcode": -1, "errmsg": ""}), SendOutcome.RETRY),
            (json_answer({"errcode": 95000, "errmsg": ""}), SendOutcome.REJECTED),
            (WireResponse(500, {}, b""), SendOutcome.RETRY),
            (WireResponse(200, {}, b"<html>"), SendOutcome.RETRY),
        ],
    )
    def test_what_stands_in_the_way(self, answer: WireResponse, outcome: SendOutcome) -> None:
        with pytest.raises(NotDone) as caught:
            walk(ADAPTER.fetch({}, {}), answer)
        assert caught.value.result.outcome is outcome

    @pytest.mark.parametrize(
        "names", [{"errcode": 45009}, {"errcode": 0}, {"customer_list": [{}, {"external_userid": "x"}, 1]}]
    )
    def test_names_that_are_not_told_keep_nothing_back(self, names: dict[str, Any]) -> None:
        (event,) = fetched(item("m-text"), names=names).events
        assert event == CASES["m-text"].model_copy(update={"name": None})

    def test_it_is_a_platform_that_is_asked(self) -> None:
        assert isinstance(ADAPTER, Fetches)
        assert ADAPTER.fetch_seconds == 300


class TestGreeting:
    GREETING = adapter(greeting="您好").with_token("T1")

    def entered(self, date: str) -> WireResponse:
        body = orjson.dumps({"errcode": 0, "next_cursor": "c2", "msg_list": [item("e-enter")]})
        return WireResponse(200, {"date": date}, body)

    def test_who_has_just_come_is_greeted(self) -> None:
        page = self.entered("Thu, 11 Mar 2021 16:03:20 GMT")
        (_, greeting, _), result = walk(
            self.GREETING.fetch({}, {}), page, json_answer({"errcode": 0}), json_answer(NAMES)
        )
        assert asked(greeting) == (
            "/cgi-bin/kf/send_msg_on_event",
            {"code": "aaaaaa", "msgtype": "text", "text": {"content": "您好"}},
        )
        assert result.events == [CASES["e-enter"]]

    @pytest.mark.parametrize("date", ["Thu, 11 Mar 2021 16:03:26 GMT", "", "yesterday"])
    def test_who_came_long_ago_is_not(self, date: str) -> None:
        walk(self.GREETING.fetch({}, {}), self.entered(date), json_answer(NAMES))

    def test_a_greeting_that_is_refused_keeps_nothing_back(self) -> None:
        page = self.entered("Thu, 11 Mar 2021 16:03:20 GMT")
        _, result = walk(
            self.GREETING.fetch({}, {}), page, json_answer({"errcode": 95013}), json_answer(NAMES)
        )
        assert result.events == [CASES["e-enter"]]
