"""What we ask an official account's API for, and what its answers mean."""

from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import orjson
import pytest
from wechatpy.crypto import WeChatCrypto

from app.events import Address
from channels.abilities import (
    AccessToken,
    Answers,
    Challenged,
    HoldsMedia,
    LogsIn,
    Media,
    NotDone,
    SendsInSteps,
)
from channels.base import (
    Button,
    OutboundAttachment,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from channels.wechat import WechatAdapter, WechatConfig
from channels.weixin.sending import TEXT_MAX_BYTES
from channels.weixin.xml import parse_xml
from tests.channels.steps import json_answer, walk
from tests.channels.wechat.test_wechat_parse import captured
from tests.channels.weixin.parts import (
    AES_KEY,
    APP_ID,
    NONCE,
    STAMP,
    TOKEN,
    plain_query,
    request,
    sealed,
    sha1,
)

SENT = json_answer({"errcode": 0, "errmsg": "ok"})
PICTURE = OutboundAttachment("门店.png", "image/png", b"\x89PNG bytes")
FILM = OutboundAttachment("film.mp4", "video/mp4", b"bytes")
VOICE = OutboundAttachment("word.amr", "audio/amr", b"#!AMR bytes")


def adapter(**config: Any) -> WechatAdapter:
    whole = {
        "app_id": APP_ID,
        "app_secret": "a secret",
        "token": TOKEN,
        "encoding_aes_key": AES_KEY,
        **config,
    }
    return WechatAdapter(WechatConfig.model_validate(whole))


ADAPTER = adapter().with_token("T&1")


def message(
    text: str = "您好", *files: OutboundAttachment, address: Address | None = None
) -> OutboundMessage:
    return OutboundMessage(
        touch_id=UUID(int=1),
        interaction_id=UUID(int=2),
        provider_key="019364a0-0000-7000-8000-000000000001",
        address=address or Address(kind="wechat", value=f"{APP_ID}:o1"),
        text=text,
        attachments=files,
    )


def refused(code: int, words: str = "words hint: [abc] rid: 1") -> WireResponse:
    return json_answer({"errcode": code, "errmsg": words})


def path(request: WireRequest) -> str:
    return urlsplit(request.url).path


def query(request: WireRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


class TestAbilities:
    @pytest.mark.parametrize("ability", [Answers, Challenged, HoldsMedia, LogsIn, SendsInSteps])
    def test_it_can(self, ability: type) -> None:
        assert isinstance(ADAPTER, ability)


class TestLogin:
    def test_the_stable_token_is_asked_for(self) -> None:
        requests, token = walk(adapter().login(None), json_answer({"access_token": "T", "expires_in": 7200}))
        assert token == AccessToken("T", 7200.0)
        assert (requests[0].method, requests[0].url) == (
            "POST",
            "https://api.weixin.qq.com/cgi-bin/stable_token",
        )
        assert orjson.loads(requests[0].body) == {
            "grant_type": "client_credential",
            "appid": APP_ID,
            "secret": "a secret",
        }

    @pytest.mark.parametrize("code", [40001, 40013, 40125, 40164, 50004])
    def test_credentials_that_are_refused(self, code: int) -> None:
        with pytest.raises(Unsendable, match=str(code)):
            walk(adapter().login(None), refused(code))

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (refused(-1), SendOutcome.RETRY),
            (refused(45009), SendOutcome.THROTTLED),
            (refused(45011), SendOutcome.THROTTLED),
            (WireResponse(502, {}, b"<html>"), SendOutcome.RETRY),
            (WireResponse(200, {}, b"<html>"), SendOutcome.RETRY),
            (WireResponse(200, {}, b"[]"), SendOutcome.RETRY),
            (json_answer({"access_token": "", "expires_in": 7200}), SendOutcome.RETRY),
            (json_answer({"access_token": "T"}), SendOutcome.RETRY),
        ],
    )
    def test_what_may_be_better_later(self, answer: WireResponse, outcome: SendOutcome) -> None:
        with pytest.raises(NotDone) as caught:
            walk(adapter().login(None), answer)
        assert caught.value.result.outcome is outcome

    def test_another_address_of_the_api(self) -> None:
        requests, _ = walk(
            adapter(api_url="http://127.0.0.1:9000/").login(None),
            json_answer({"access_token": "T", "expires_in": 7200}),
        )
        assert requests[0].url == "http://127.0.0.1:9000/cgi-bin/stable_token"


class TestSend:
    def test_a_text(self) -> None:
        (asked,), result = walk(ADAPTER.send(message("您好 🙂")), SENT)
        assert result == SendResult(SendOutcome.SENT)
        assert (path(asked), query(asked)) == ("/cgi-bin/message/custom/send", {"access_token": "T&1"})
        assert orjson.loads(asked.body) == {
            "touser": "o1",
            "msgtype": "text",
            "text": {"content": "您好 🙂"},
        }
        assert "您好 🙂".encode() in asked.body  # the platform shows \u escapes as they are

    def test_ready_answers_are_a_menu(self) -> None:
        asking = replace(message("满意吗？"), buttons=[Button("101", "满意"), Button("102", "不满意")])
        (asked,), _ = walk(ADAPTER.send(asking), SENT)
        assert orjson.loads(asked.body)["msgmenu"] == {
            "head_content": "满意吗？",
            "list": [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}],
        }

    @pytest.mark.parametrize(("file", "kind"), [(PICTURE, "image"), (FILM, "video"), (VOICE, "voice")])
    def test_a_file(self, file: OutboundAttachment, kind: str) -> None:
        (upload, asked), _ = walk(ADAPTER.send(message("", file)), json_answer({"media_id": "M1"}), SENT)
        assert (path(upload), query(upload)["type"]) == ("/cgi-bin/media/upload", kind)
        assert orjson.loads(asked.body) == {"touser": "o1", "msgtype": kind, kind: {"media_id": "M1"}}

    def test_an_upload_is_a_form_with_the_file(self) -> None:
        (upload, _), _ = walk(ADAPTER.send(message("", PICTURE)), json_answer({"media_id": "M1"}), SENT)
        head = b"Content-Type: " + upload.headers["content-type"].encode() + b"\r\n\r\n"
        form = BytesParser(policy=HTTP).parsebytes(head + upload.body)
        (part,) = form.iter_parts()  # type: ignore[attr-defined]
        assert part.get_param("name", header="content-disposition") == "media"
        assert part.get_content_type() == "image/png"
        assert part.get_payload(decode=True) == PICTURE.content
        assert 'filename="门店.png"'.encode() in upload.body

    @pytest.mark.parametrize("name", ['a".png', "a\r\nX-Header: 1.png", "a\\.png"])
    def test_a_name_ends_no_header(self, name: str) -> None:
        file = OutboundAttachment(name, "image/png", b"bytes")
        (upload, _), _ = walk(ADAPTER.send(message("", file)), json_answer({"media_id": "M1"}), SENT)
        line = upload.body.split(b"\r\n")[1]
        assert line.count(b'"') == 4 and b"\\" not in line and b"filelength=5" in line

    def test_text_and_files_in_order_uploads_first(self) -> None:
        requests, _ = walk(
            ADAPTER.send(message("text", PICTURE, FILM)),
            json_answer({"media_id": "M1"}),
            json_answer({"media_id": "M2"}),
            SENT,
            SENT,
            SENT,
        )
        assert [orjson.loads(asked.body)["msgtype"] for asked in requests[2:]] == ["text", "image", "video"]

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (40001, SendOutcome.UNAUTHORISED),
            (40014, SendOutcome.UNAUTHORISED),
            (42001, SendOutcome.UNAUTHORISED),
            (45009, SendOutcome.THROTTLED),
            (45011, SendOutcome.THROTTLED),
            (-1, SendOutcome.RETRY),
            (45015, SendOutcome.REJECTED),
            (45047, SendOutcome.REJECTED),
            (43004, SendOutcome.REJECTED),
            (48001, SendOutcome.REJECTED),
            (40003, SendOutcome.REJECTED),
            (99999, SendOutcome.REJECTED),
        ],
    )
    def test_errors_come_with_http_200(self, code: int, outcome: SendOutcome) -> None:
        _, result = walk(ADAPTER.send(message()), refused(code))
        assert result.outcome is outcome
        assert result.reason is not None and result.reason.endswith(f"({code})")
        assert "rid" not in result.reason and "hint" not in result.reason

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (WireResponse(503, {}, b""), SendOutcome.RETRY),
            (WireResponse(429, {"retry-after": "7"}, b""), SendOutcome.THROTTLED),
            (WireResponse(200, {}, b""), SendOutcome.RETRY),
            (WireResponse(200, {}, b'{"errcode": "0"}'), SendOutcome.RETRY),
            (WireResponse(404, {}, b""), SendOutcome.REJECTED),
        ],
    )
    def test_answers_that_are_none_of_the_api(self, answer: WireResponse, outcome: SendOutcome) -> None:
        _, result = walk(ADAPTER.send(message()), answer)
        assert result.outcome is outcome

    def test_an_upload_that_must_be_tried_again(self) -> None:
        _, result = walk(ADAPTER.send(message("text", PICTURE)), refused(42001))
        assert result.outcome is SendOutcome.UNAUTHORISED

    def test_a_part_is_not_sent_twice_for_another_that_failed(self) -> None:
        _, result = walk(
            ADAPTER.send(message("text", PICTURE)), json_answer({"media_id": "M1"}), SENT, refused(-1)
        )
        assert result.outcome is SendOutcome.REJECTED
        assert result.reason == "a part of it was sent, the next was not: the platform is busy (-1)"

    @pytest.mark.parametrize(
        "wrong",
        [
            message("好" * (TEXT_MAX_BYTES // 3 + 1)),
            message(""),
            message(" \n"),
            message("", OutboundAttachment("a.pdf", "application/pdf", b"%PDF")),
            message("", OutboundAttachment("a.png", "image/png", b"0" * (10 * 1024**2 + 1))),
            message(address=Address(kind="phone", value="+8613800138000")),
            message(address=Address(kind="wechat", value="wx0000000000000000:o1")),
            message(address=Address(kind="wechat", value=f"{APP_ID}:")),
        ],
    )
    def test_what_cannot_be_sent(self, wrong: OutboundMessage) -> None:
        with pytest.raises(Unsendable):
            walk(ADAPTER.send(wrong))

    def test_a_text_of_just_the_allowed_length(self) -> None:
        walk(ADAPTER.send(message("好" * (TEXT_MAX_BYTES // 3))), SENT)


class TestMedia:
    def test_bytes(self) -> None:
        headers = {"content-type": "audio/amr", "content-disposition": 'attachment; filename="M1.amr"'}
        (asked,), media = walk(ADAPTER.media({"media_id": "M1"}), WireResponse(200, headers, b"#!AMR"))
        assert (path(asked), query(asked)["media_id"]) == ("/cgi-bin/media/get", "M1")
        assert media == Media("audio/amr", b"#!AMR", "M1.amr")

    def test_a_film_is_fetched_where_it_says(self) -> None:
        requests, media = walk(
            ADAPTER.media({"media_id": "M1"}),
            WireResponse(200, {"content-type": "text/plain"}, b'{"video_url": "http://vweixin.test/v"}'),
            WireResponse(200, {"content-type": "video/mp4"}, b"film"),
        )
        assert requests[1].url == "http://vweixin.test/v"
        assert media == Media("video/mp4", b"film", None)

    def test_one_that_is_gone(self) -> None:
        answer = WireResponse(200, {"content-type": "text/plain"}, b'{"errcode":40007,"errmsg":"invalid"}')
        with pytest.raises(Unsendable, match="40007"):
            walk(ADAPTER.media({"media_id": "M1"}), answer)

    def test_a_token_that_has_ended(self) -> None:
        with pytest.raises(NotDone) as caught:
            walk(ADAPTER.media({"media_id": "M1"}), refused(42001))
        assert caught.value.result.outcome is SendOutcome.UNAUTHORISED


class TestAnswer:
    FOLLOWED = captured("subscribe")

    def test_success_is_the_word(self) -> None:
        heard = sealed(captured("text"))
        answer = adapter(greeting="您好").answer(heard, adapter().parse(heard))
        assert (answer.status, answer.body) == (200, b"success")
        assert (
            ADAPTER.answer(sealed(self.FOLLOWED), adapter().parse(sealed(self.FOLLOWED))).body == b"success"
        )

    def test_nothing_to_say_when_unreadable(self) -> None:
        assert adapter(greeting="您好").answer(request(b"", **plain_query()), ()).body == b"success"

    def test_who_follows_is_greeted(self) -> None:
        heard = request(self.FOLLOWED, **plain_query())
        greeting = adapter(greeting="您好 & <欢迎>", mode="plain")
        answer = greeting.answer(heard, greeting.parse(heard))
        assert parse_xml(answer.body) == {
            "ToUserName": "FromUser",
            "FromUserName": "toUser",
            "CreateTime": "123456789",
            "MsgType": "text",
            "Content": "您好 & <欢迎>",
        }

    def test_who_follows_is_greeted_encrypted(self) -> None:
        heard = sealed(self.FOLLOWED)
        greeting = adapter(greeting="您好")
        answer = greeting.answer(heard, greeting.parse(heard))
        fields = parse_xml(answer.body)
        assert fields["MsgSignature"] == sha1(TOKEN, STAMP, NONCE, fields["Encrypt"])
        read = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(
            answer.body.decode(), fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"]
        )
        assert parse_xml(read.encode())["Content"] == "您好"

    def test_the_platform_gets_no_document_for_an_outage(self) -> None:
        assert ADAPTER.unavailable(sealed(self.FOLLOWED)) is None


class TestConfig:
    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"app_id": "gh_1"}, "app_id"),
            ({"token": "a b"}, "3 to 32"),
            ({"token": "ab"}, "3 to 32"),
            ({"encoding_aes_key": "short"}, "43"),
            ({"encoding_aes_key": None}, "mode safe needs encoding_aes_key"),
            ({"mode": "compatible"}, "mode"),
            ({"greeting": "好" * 683}, "greeting"),
            ({"greeting": ""}, "greeting"),
            ({"api_url": "ftp://x"}, "api_url"),
            ({"secret": "x"}, "secret"),
        ],
    )
    def test_what_is_wrong_is_named(self, wrong: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            adapter(**wrong)

    def test_secrets_are_not_shown(self) -> None:
        assert "a secret" not in repr(adapter().config) and AES_KEY not in repr(adapter().config)
