"""What we ask WeCom's API for when an agent answers, and what its answers mean."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import orjson
import pytest

from app.events import Address
from channels.abilities import AccessToken, Media, NotDone
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
from channels.wecom.message_ids import message_id, whole_message
from tests.channels.steps import json_answer, walk
from tests.channels.wecom.parts import ACCOUNT, CORP, adapter

ADAPTER = adapter().with_token("T1")
KEY = "019364a0-0000-7000-8000-000000000001"
OK = {"errcode": 0, "errmsg": "ok"}
SENT = json_answer({**OK, "msgid": "M"})
OURS = json_answer({**OK, "service_state": 1})
PICTURE = OutboundAttachment("a.png", "image/png", b"bytes")
BILL = OutboundAttachment("账单.pdf", "application/pdf", b"%PDF")


def message(text: str = "您好", *files: OutboundAttachment, **changes: Any) -> OutboundMessage:
    return OutboundMessage(
        **{
            "touch_id": UUID(int=1),
            "interaction_id": UUID(int=2),
            "provider_key": KEY,
            "address": Address(kind="wecom", value=f"{CORP}:wm1"),
            "text": text,
            "attachments": files,
            **changes,
        }
    )


def refused(code: int, words: str = "words, hint: [abc], from ip: 1.2.3.4") -> WireResponse:
    return json_answer({"errcode": code, "errmsg": words})


def asked(request: WireRequest) -> tuple[str, Any]:
    return urlsplit(request.url).path.removeprefix("/cgi-bin/"), orjson.loads(request.body)


class TestLogin:
    def test_the_token_of_the_application(self) -> None:
        (request,), token = walk(
            adapter().login(None), json_answer({**OK, "access_token": "T", "expires_in": 7200})
        )
        assert token == AccessToken("T", 7200.0)
        address = urlsplit(request.url)
        assert (request.method, address.netloc, address.path) == (
            "GET",
            "qyapi.weixin.qq.com",
            "/cgi-bin/gettoken",
        )
        assert parse_qs(address.query) == {"corpid": [CORP], "corpsecret": ["a secret"]}

    @pytest.mark.parametrize("code", [40001, 40013, 60020])
    def test_credentials_that_are_refused(self, code: int) -> None:
        with pytest.raises(Unsendable, match=str(code)):
            walk(adapter().login(None), refused(code))

    def test_a_busy_platform(self) -> None:
        with pytest.raises(NotDone):
            walk(adapter().login(None), refused(-1))


class TestSend:
    def test_a_session_of_ours(self) -> None:
        (state, send), result = walk(ADAPTER.send(message()), OURS, SENT)
        assert asked(state) == (
            "kf/service_state/get",
            {"open_kfid": ACCOUNT, "external_userid": "wm1"},
        )
        assert asked(send) == (
            "kf/send_msg",
            {
                "touser": "wm1",
                "open_kfid": ACCOUNT,
                "msgid": message_id(KEY, 0),
                "msgtype": "text",
                "text": {"content": "您好"},
            },
        )
        assert result == SendResult(SendOutcome.SENT, provider_id=message_id(KEY, 0))

    def test_ready_answers_are_a_menu_after_the_files(self) -> None:
        asking = message("可以吗？", PICTURE, buttons=[Button("y", "可以"), Button("n", "不行")])
        media = json_answer({**OK, "media_id": "M1"})
        (_, _, picture, menu), _ = walk(ADAPTER.send(asking), OURS, media, SENT, SENT)
        assert [asked(each)[1]["msgtype"] for each in (picture, menu)] == ["image", "msgmenu"]
        assert asked(menu)[1]["msgmenu"] == {
            "head_content": "可以吗？",
            "list": [
                {"type": "click", "click": {"id": "y", "content": "可以"}},
                {"type": "click", "click": {"id": "n", "content": "不行"}},
            ],
        }

    @pytest.mark.parametrize(
        ("text", "titles"), [("", ["a"]), ("问" * 342, ["a"]), ("?", list("abcdefghijk")), ("?", ["可" * 43])]
    )
    def test_ready_answers_that_wecom_would_refuse(self, text: str, titles: list[str]) -> None:
        with pytest.raises(Unsendable):
            walk(ADAPTER.send(message(text, buttons=[Button(each, each) for each in titles])), OURS)

    def test_a_new_session_becomes_ours(self) -> None:
        new = json_answer({**OK, "service_state": 0})
        (_, taken, _), result = walk(ADAPTER.send(message()), new, json_answer(OK), SENT)
        assert asked(taken) == (
            "kf/service_state/trans",
            {"open_kfid": ACCOUNT, "external_userid": "wm1", "service_state": 1},
        )
        assert result.outcome is SendOutcome.SENT

    @pytest.mark.parametrize(
        ("state", "said"), [(2, "own queue"), (3, "colleague"), (4, "ended"), (9, "state 9"), (None, "None")]
    )
    def test_sessions_that_are_not_ours(self, state: int | None, said: str) -> None:
        with pytest.raises(Unsendable, match=said):
            walk(ADAPTER.send(message()), json_answer({**OK, "service_state": state}))

    def test_somebody_took_it_at_that_moment(self) -> None:
        new = json_answer({**OK, "service_state": 0})
        _, result = walk(ADAPTER.send(message()), new, refused(95016))
        assert result.outcome is SendOutcome.REJECTED

    def test_text_and_files_have_ids_of_their_own(self) -> None:
        requests, result = walk(
            ADAPTER.send(message("text", PICTURE, BILL)),
            OURS,
            json_answer({**OK, "media_id": "M1"}),
            json_answer({**OK, "media_id": "M2"}),
            SENT,
            SENT,
            SENT,
        )
        bodies = [orjson.loads(request.body) for request in requests[3:]]
        assert [body["msgtype"] for body in bodies] == ["text", "image", "file"]
        assert [body["msgid"] for body in bodies] == [message_id(KEY, part) for part in range(3)]
        assert result.provider_id == message_id(KEY, 0)

    def test_a_repeat_that_had_arrived_is_sent(self) -> None:
        _, result = walk(ADAPTER.send(message()), OURS, refused(40058, "msgid is duplicated"))
        assert result == SendResult(SendOutcome.SENT, provider_id=message_id(KEY, 0))

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (40014, SendOutcome.UNAUTHORISED),
            (42001, SendOutcome.UNAUTHORISED),
            (45009, SendOutcome.THROTTLED),
            (45033, SendOutcome.THROTTLED),
            (-1, SendOutcome.RETRY),
            (95001, SendOutcome.REJECTED),
            (95002, SendOutcome.REJECTED),
            (95013, SendOutcome.REJECTED),
            (95018, SendOutcome.REJECTED),
            (48002, SendOutcome.REJECTED),
            (12345, SendOutcome.REJECTED),
        ],
    )
    def test_errors_come_with_http_200(self, code: int, outcome: SendOutcome) -> None:
        for answers in ([OURS, refused(code)], [refused(code)]):
            _, result = walk(ADAPTER.send(message()), *answers)
            assert result.outcome is outcome
            assert result.reason is not None and "1.2.3.4" not in result.reason

    @pytest.mark.parametrize(
        "wrong",
        [
            message("好" * 683),
            message(""),
            message("", OutboundAttachment("a.zip", "application/zip", b"0" * (20 * 1024**2 + 1))),
            message("", OutboundAttachment("a.png", "image/png", b"0" * (10 * 1024**2 + 1))),
        ],
    )
    def test_what_the_platform_does_not_take(self, wrong: OutboundMessage) -> None:
        with pytest.raises(Unsendable):
            walk(ADAPTER.send(wrong), OURS)

    @pytest.mark.parametrize("value", ["wm1", f"{CORP}:", "other:wm1"])
    def test_customers_of_somebody_else(self, value: str) -> None:
        with pytest.raises(Unsendable):
            walk(ADAPTER.send(message(address=Address(kind="wecom", value=value))))


class TestMessageIds:
    def test_fit_the_platform(self) -> None:
        for part in (0, 7, 99):
            assert re.fullmatch(r"[0-9a-zA-Z_-]{32}", message_id(KEY, part))

    def test_are_the_same_at_every_attempt(self) -> None:
        assert message_id(KEY, 0) == message_id(KEY, 0) != message_id(KEY + "1", 0)

    def test_lead_to_the_whole(self) -> None:
        assert whole_message(message_id(KEY, 42)) == message_id(KEY, 0)
        assert whole_message("somebody else's") == "somebody else's"


class TestMedia:
    def test_a_file_of_json_is_a_file(self) -> None:
        headers = {"content-type": "application/json", "content-disposition": 'attachment; filename="a.json"'}
        _, media = walk(ADAPTER.media({"media_id": "M"}), WireResponse(200, headers, b'{"errcode": 1}'))
        assert media == Media("application/json", b'{"errcode": 1}', "a.json")

    def test_names_in_chinese(self) -> None:
        named = "attachment; filename=\"x\"; filename*=UTF-8''%E8%B4%A6%E5%8D%95.pdf"
        headers = {"content-type": "application/pdf", "content-disposition": named}
        _, media = walk(ADAPTER.media({"media_id": "M"}), WireResponse(200, headers, b"%PDF"))
        assert media.name == "账单.pdf"

    def test_one_that_is_gone(self) -> None:
        with pytest.raises(Unsendable, match="40007"):
            walk(ADAPTER.media({"media_id": "M"}), refused(40007))
