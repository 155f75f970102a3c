"""Every message and event of an official account, from the bytes of its documentation to the catalogue's
models, in plain and in safe mode."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.errors import MalformedPayload
from app.events import (
    Address,
    Attachment,
    InboundEvent,
    MessageReceived,
    ReplyWindow,
    ReplyWindowOpened,
    UnknownReceived,
)
from channels.wechat import WechatAdapter, WechatConfig
from tests.channels.weixin.parts import AES_KEY, APP_ID, TOKEN, plain_query, request, sealed

CAPTURED = Path(__file__).parent / "captured"
SAFE = WechatAdapter(
    WechatConfig.model_validate(
        {"app_id": APP_ID, "app_secret": "s", "token": TOKEN, "encoding_aes_key": AES_KEY}
    )
)
PLAIN = WechatAdapter(
    WechatConfig.model_validate({"app_id": APP_ID, "app_secret": "s", "token": TOKEN, "mode": "plain"})
)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def by(open_id: str, seconds: int) -> dict[str, Any]:
    address = Address(kind="wechat", value=f"{APP_ID}:{open_id}")
    return {"address": address, "conversation": address.value, "occurred_at": at(seconds)}


def said(seconds: int = 1348831860, open_id: str = "fromUser", **what: Any) -> MessageReceived:
    window = ReplyWindow(seconds=172_800, messages=5)
    facts = {**by(open_id, seconds), "external_id": "1234567890123456", "reply_window": window}
    return MessageReceived(**{**facts, **what})


def did(name: str, seconds: int = 123456789, open_id: str = "FromUser", **payload: str) -> ReplyWindowOpened:
    return ReplyWindowOpened(
        **by(open_id, seconds),
        external_id=f"{open_id}:{seconds}:{name}",
        reply_window=ReplyWindow(seconds=60, messages=3),
        payload={"type": "event", **payload},
    )


def file(name: str, content_type: str) -> tuple[Attachment, ...]:
    return (Attachment(name=name, content_type=content_type, size=0, media={"media_id": "media_id"}),)


LEFT = MessageReceived(
    **by("FromUser", 123456789),
    external_id="FromUser:123456789:unsubscribe",
    payload={"type": "event", "event": "unfollowed"},
    wakes=False,
)
CASES: Mapping[str, InboundEvent] = {
    "text": said(text="this is a test"),
    "menu_text": said(1500000000, "FromUser", text="满意", payload={"menu_id": "101"}),
    "image": said(payload={"type": "image"}, attachments=file("image.jpg", "image/jpeg")),
    "voice": said(
        1357290913,
        text="腾讯微信团队",
        payload={"type": "voice", "recognised": "yes"},
        attachments=file("voice.format", "audio/format"),
    ),
    "video": said(1357290913, payload={"type": "video"}, attachments=file("video.mp4", "video/mp4")),
    "shortvideo": said(1357290913, payload={"type": "video"}, attachments=file("video.mp4", "video/mp4")),
    "location": said(
        1351776360,
        text="位置信息\n23.134521, 113.358803",
        payload={
            "type": "location",
            "latitude": "23.134521",
            "longitude": "113.358803",
            "label": "位置信息",
        },
    ),
    "link": said(
        1351776360,
        text="公众平台官网链接\nurl",
        payload={
            "type": "link",
            "title": "公众平台官网链接",
            "description": "公众平台官网链接",
            "url": "url",
        },
    ),
    "file": said(
        1577953970,
        external_id="22588967422335416",
        text="报价单.pdf",
        payload={"type": "file", "name": "报价单.pdf", "size": "1048576"},
    ),
    "subscribe": did("subscribe", event="followed"),
    "subscribe_qr": did("subscribe", event="followed", key="123123"),
    "scan": did("scan", event="scanned", key="SCENE_VALUE"),
    "click": did("click", event="menu_click", key="EVENTKEY"),
    "unsubscribe": LEFT,
    "scancode_waitmsg": did(
        "scancode_waitmsg",
        1408090606,
        "oMgHVjngRipVsoxg6TuX3vz6glDg",
        event="menu_scan",
        key="6",
        scanned="2",
    ),
}
UNKNOWN = {
    "view": "view",
    "location_event": "location",
    "template_finished": "templatesendjobfinish",
}


def captured(name: str) -> str:
    return (CAPTURED / f"{name}.xml").read_text(encoding="utf-8")


def changed(name: str, old: str, new: str) -> str:
    xml = captured(name)
    assert old in xml
    return xml.replace(old, new)


def parse(xml: str) -> InboundEvent:
    """In both modes, which must agree."""
    plain = request(xml, **plain_query())
    PLAIN.verify(plain)
    safe = sealed(xml)
    SAFE.verify(safe)
    (one,), (other,) = PLAIN.parse(plain), SAFE.parse(safe)
    assert one == other
    return one


class TestParse:
    @pytest.mark.parametrize("name", CASES)
    def test_what_the_documentation_shows(self, name: str) -> None:
        assert parse(captured(name)) == CASES[name]

    @pytest.mark.parametrize("name", UNKNOWN)
    def test_what_is_kept_beside_the_timeline(self, name: str) -> None:
        event = parse(captured(name))
        assert isinstance(event, UnknownReceived)
        assert event.kind == UNKNOWN[name]
        assert event.payload["MsgType"] == "event"
        assert event.external_id is not None and event.address is not None

    def test_every_captured_payload_is_tested(self) -> None:
        assert {path.stem for path in CAPTURED.iterdir()} == {*CASES, *UNKNOWN}

    def test_a_kind_of_message_that_is_new(self) -> None:
        event = parse(changed("text", "[text]", "[hologram]"))
        assert isinstance(event, UnknownReceived)
        assert (event.kind, event.external_id) == ("hologram", "1234567890123456")

    def test_what_is_new_in_a_message_is_ignored(self) -> None:
        xml = changed("text", "</xml>", "<New><a>1</a></New><New>2</New></xml>")
        assert parse(xml) == CASES["text"]

    def test_a_voice_without_its_words(self) -> None:
        event = parse(changed("voice", "腾讯微信团队", ""))
        assert isinstance(event, MessageReceived)
        assert (event.text, event.payload) == ("", {"type": "voice"})

    @pytest.mark.parametrize(("form", "kind"), [("amr", "audio/amr"), ("speex", "audio/speex")])
    def test_forms_of_voices(self, form: str, kind: str) -> None:
        event = parse(changed("voice", "[Format]", f"[{form}]"))
        assert isinstance(event, MessageReceived)
        assert event.attachments[0].content_type == kind

    def test_card_numbers_are_masked(self) -> None:
        event = parse(changed("text", "this is a test", "卡号 4111 1111 1111 1111"))
        assert isinstance(event, MessageReceived)
        assert event.text == "卡号 **** **** **** 1111"

    @pytest.mark.parametrize("who", ["o" * 129, "o&#10;1", "o&#x202e;1"])
    def test_an_id_that_is_none(self, who: str) -> None:
        with pytest.raises(MalformedPayload, match="/FromUserName"):
            parse(changed("text", "<![CDATA[fromUser]]>", who))

    def test_a_text_without_end_is_cut(self) -> None:
        event = parse(changed("text", "this is a test", "好" * 80_000))
        assert isinstance(event, MessageReceived)
        assert event.text == "好" * 65_536

    def test_a_message_without_text_is_one(self) -> None:
        event = parse(changed("text", "this is a test", ""))
        assert isinstance(event, MessageReceived)
        assert event.text == ""

    @pytest.mark.parametrize(
        ("name", "field"),
        [
            ("text", "FromUserName"),
            ("text", "CreateTime"),
            ("text", "MsgType"),
            ("text", "MsgId"),
            ("image", "MediaId"),
            ("voice", "MediaId"),
            ("location", "Location_X"),
            ("link", "Url"),
            ("file", "Title"),
            ("click", "Event"),
        ],
    )
    def test_what_is_missing_is_named(self, name: str, field: str) -> None:
        xml = captured(name).replace(f"<{field}>", "<Other>").replace(f"</{field}>", "</Other>")
        with pytest.raises(MalformedPayload, match=f"/{field}"):
            parse(xml)

    @pytest.mark.parametrize("time", ["now", "-1", "1e9", "99999999999", "²", " "])
    def test_a_time_that_is_none(self, time: str) -> None:
        with pytest.raises(MalformedPayload, match="/CreateTime"):
            parse(changed("text", "1348831860", time))

    def test_what_was_encrypted_but_is_no_message(self) -> None:
        with pytest.raises(MalformedPayload):
            SAFE.parse(sealed("success"))

    def test_laughs_in_an_envelope(self) -> None:
        with pytest.raises(MalformedPayload, match="document type"):
            SAFE.parse(sealed('<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>'))
