"""What goes out: texts, files, ready answers, templates; and what the platform's answers mean."""

from collections.abc import Sequence
from email import message_from_bytes
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.events import Address
from channels.abilities import NotDone
from channels.base import (
    Button,
    ChosenTemplate,
    OutboundAttachment,
    OutboundMessage,
    SendOutcome,
    SendResult,
    Unsendable,
    WireRequest,
    WireResponse,
)
from tests.channels.steps import json_answer, walk
from tests.channels.whatsapp.build import NUMBER, adapter

BASE = f"https://graph.facebook.com/v25.0/{NUMBER}"
SENT = json_answer({"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": "wamid.9"}]})
UPLOADED = json_answer({"id": "4490709327384033"})
HEAD = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "16505551234",
    "biz_opaque_callback_data": "key-1",
}


def saying(text: str = "", to: Address | None = None, **more: Any) -> OutboundMessage:
    return OutboundMessage(
        touch_id=UUID(int=1),
        interaction_id=UUID(int=2),
        provider_key="key-1",
        address=to or Address(kind="phone", value="+16505551234"),
        text=text,
        **more,
    )


def sent(message: OutboundMessage, *answers: WireResponse) -> tuple[Sequence[WireRequest], SendResult]:
    return walk(adapter().send(message), *(answers or (SENT,)))


def bodies(requests: Sequence[WireRequest]) -> list[dict[str, Any]]:
    return [orjson.loads(request.body) for request in requests if request.url == f"{BASE}/messages"]


def file(name: str, content_type: str, content: bytes = b"content") -> OutboundAttachment:
    return OutboundAttachment(name, content_type, content)


PDF = file("receipt.pdf", "application/pdf")
PNG = file("a.png", "image/png")
OGG = file("a.ogg", "audio/ogg; codecs=opus")


class TestText:
    def test_is_one_request_with_our_token_and_key(self) -> None:
        (request,), result = sent(saying("Yes, in green."))
        assert (request.method, request.url) == ("POST", f"{BASE}/messages")
        assert request.headers["authorization"] == "Bearer EAAtoken"
        assert orjson.loads(request.body) == HEAD | {
            "type": "text",
            "text": {"body": "Yes, in green.", "preview_url": True},
        }
        assert result == SendResult(SendOutcome.SENT, provider_id="wamid.9")

    def test_rendered(self) -> None:
        assert adapter().render(saying("hi")) == sent(saying("hi"))[0][0]

    def test_quotes(self) -> None:
        (body,) = bodies(sent(saying("this one", reply_to="wamid.7"))[0])
        assert body["context"] == {"message_id": "wamid.7"}

    def test_to_somebody_without_a_number(self) -> None:
        (body,) = bodies(sent(saying("hi", to=Address(kind="custom", value="US.1349")))[0])
        assert body["recipient"] == "US.1349"
        assert "to" not in body

    @pytest.mark.parametrize(("text", "words"), [("", "nothing"), ("  \n", "nothing"), ("字" * 4097, "4096")])
    def test_unsendable(self, text: str, words: str) -> None:
        with pytest.raises(Unsendable, match=words):
            sent(saying(text))


class TestFiles:
    def test_are_uploaded_then_sent_with_the_text_below(self) -> None:
        (upload, message), _ = sent(saying("your receipt", attachments=[PDF]), UPLOADED, SENT)
        assert upload.url == f"{BASE}/media"
        form = message_from_bytes(
            f"content-type: {upload.headers['content-type']}\r\n\r\n".encode() + upload.body
        )
        parts = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in form.walk()
            if not part.is_multipart()
        }
        assert parts == {"messaging_product": b"whatsapp", "type": b"application/pdf", "file": b"content"}
        assert orjson.loads(message.body) == HEAD | {
            "type": "document",
            "document": {"id": "4490709327384033", "caption": "your receipt", "filename": "receipt.pdf"},
        }

    def test_several_are_several_messages_and_the_last_one_counts(self) -> None:
        last = json_answer({"messages": [{"id": "wamid.10"}]})
        requests, result = sent(saying("both", attachments=[PNG, PDF]), UPLOADED, UPLOADED, SENT, last)
        assert [body["type"] for body in bodies(requests)] == ["image", "document"]
        assert result.provider_id == "wamid.10"

    @pytest.mark.parametrize(("text", "first"), [("字" * 1025, PNG), ("hear this", OGG)])
    def test_text_goes_before_what_cannot_have_it_below(self, text: str, first: OutboundAttachment) -> None:
        requests, _ = sent(saying(text, attachments=[first]), UPLOADED, SENT, SENT)
        kinds = [body["type"] for body in bodies(requests)]
        assert kinds[0] == "text"
        assert "caption" not in bodies(requests)[1][kinds[1]]

    def test_an_image_too_large_for_one_goes_as_a_document(self) -> None:
        big = file("big.png", "image/png", b"x" * (5 * 1024 * 1024 + 1))
        requests, _ = sent(saying(attachments=[big]), UPLOADED, SENT)
        assert bodies(requests)[0]["type"] == "document"

    @pytest.mark.parametrize(
        "bad", [file("a.zip", "application/zip"), file("a.png", "image/png", b""), file("a", "a\r\nb: c")]
    )
    def test_unsendable_before_anything_is_uploaded(self, bad: OutboundAttachment) -> None:
        with pytest.raises(Unsendable):
            sent(saying("x", attachments=[PDF, bad]))

    def test_an_upload_that_fails_sends_nothing(self) -> None:
        requests, result = sent(saying("x", attachments=[PDF]), json_answer({"error": {"code": 2}}, 503))
        assert (len(requests), result.outcome) == (1, SendOutcome.RETRY)

    def test_what_fails_after_a_part_arrived_is_not_repeated(self) -> None:
        busy = json_answer({"error": {"code": 130429, "message": "Rate limit hit"}}, 429)
        _, result = sent(saying("x", attachments=[PNG, PDF]), UPLOADED, UPLOADED, SENT, busy)
        assert result.outcome is SendOutcome.REJECTED
        assert result.reason == "1 of 2 parts arrived, then: WhatsApp 130429: Rate limit hit"

    def test_a_name_cannot_break_out_of_its_header(self) -> None:
        odd = file('a"\r\nx: y.pdf', "application/pdf")
        (upload, _), _ = sent(saying(attachments=[odd]), UPLOADED, SENT)
        assert b'filename="a___x: y.pdf"' in upload.body


class TestReadMarks:
    def test_alone_and_with_somebody_who_writes(self) -> None:
        mark = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.7"}
        plain, typing = (adapter().mark_read("wamid.7", typing=typing) for typing in (False, True))
        assert orjson.loads(plain.body) == mark
        assert orjson.loads(typing.body) == mark | {"typing_indicator": {"type": "text"}}
        assert adapter().interpret(json_answer({"success": True})).outcome is SendOutcome.SENT


class TestReadyAnswers:
    def test_up_to_three_are_buttons(self) -> None:
        (body,) = bodies(sent(saying("Cancel it?", buttons=[Button("y", "Yes"), Button("n", "No")]))[0])
        assert body["interactive"] == {
            "type": "button",
            "body": {"text": "Cancel it?"},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "y", "title": "Yes"}},
                    {"type": "reply", "reply": {"id": "n", "title": "No"}},
                ]
            },
        }

    @pytest.mark.parametrize("titles", [list("abcd"), ["x" * 21]])
    def test_more_or_longer_ones_are_a_list(self, titles: list[str]) -> None:
        buttons = [Button(str(n), title) for n, title in enumerate(titles)]
        (body,) = bodies(sent(saying("Which?", buttons=buttons))[0])
        rows = body["interactive"]["action"]["sections"][0]["rows"]
        assert [row["title"] for row in rows] == titles

    @pytest.mark.parametrize(
        ("text", "titles"),
        [("Which?", list("abcdefghijk")), ("Which?", ["x" * 25]), ("", ["a"]), ("x" * 1025, "a")],
    )
    def test_unsendable(self, text: str, titles: Sequence[str]) -> None:
        with pytest.raises(Unsendable):
            sent(saying(text, buttons=[Button(title, title) for title in titles]))


class TestTemplates:
    def test_are_told_with_their_gaps(self) -> None:
        told = [(each.key, each.gaps) for each in adapter().templates()]
        assert told == [
            ("order_ready/zh_CN", ["1", "1", "2", "1"]),
            ("we_are_back/en_US", ["first_name"]),
            ("hello_world/en_US", []),
        ]

    def test_filled_as_the_customer_reads_it(self) -> None:
        chosen = ChosenTemplate("order_ready/zh_CN", ("A-17", "王芳", "A-17", "17"))
        assert adapter().filled(chosen) == "订单 A-17\n您好王芳，您的订单A-17已备好。"

    def test_sent_with_components(self) -> None:
        chosen = ChosenTemplate("order_ready/zh_CN", ("A-17", "王芳", "A-17", "17"))
        (body,) = bodies(sent(saying("what it reads", template=chosen))[0])
        assert body["template"] == {
            "name": "order_ready",
            "language": {"code": "zh_CN"},
            "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "A-17"}]},
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "王芳"}, {"type": "text", "text": "A-17"}],
                },
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "1",
                    "parameters": [{"type": "text", "text": "17"}],
                },
            ],
        }

    def test_gaps_with_names(self) -> None:
        chosen = ChosenTemplate("we_are_back/en_US", ("Ann",))
        (body,) = bodies(sent(saying(template=chosen))[0])
        assert body["template"]["components"] == [
            {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ann"}]}
        ]

    def test_without_gaps(self) -> None:
        (body,) = bodies(sent(saying(template=ChosenTemplate("hello_world/en_US")))[0])
        assert body["template"] == {"name": "hello_world", "language": {"code": "en_US"}}

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("nobody_knows/en_US", ()),
            ("hello_world/en_US", ("too", "many")),
            ("we_are_back/en_US", ()),
            ("we_are_back/en_US", ("",)),
            ("we_are_back/en_US", ("a\nb",)),
            ("we_are_back/en_US", ("a" + " " * 5,)),
            ("we_are_back/en_US", ("x" * 1025,)),
        ],
    )
    def test_unsendable(self, key: str, values: tuple[str, ...]) -> None:
        with pytest.raises(Unsendable):
            sent(saying(template=ChosenTemplate(key, values)))


ANSWERS = {
    1: ("retry", 500),
    2: ("retry", 503),
    4: ("throttled", 400),
    10: ("rejected", 403),
    100: ("rejected", 400),
    190: ("rejected", 401),
    368: ("rejected", 403),
    80007: ("throttled", 400),
    130429: ("throttled", 429),
    131000: ("retry", 500),
    131005: ("rejected", 403),
    131008: ("rejected", 400),
    131016: ("retry", 500),
    131026: ("rejected", 400),
    131042: ("rejected", 400),
    131047: ("rejected", 400),
    131048: ("rejected", 400),
    131049: ("rejected", 400),
    131056: ("retry", 400),
    131057: ("retry", 500),
    132000: ("rejected", 400),
    132001: ("rejected", 404),
    132015: ("rejected", 400),
    133004: ("retry", 503),
    133010: ("rejected", 400),
}


class TestInterpret:
    @pytest.mark.parametrize(("code", "expected"), ANSWERS.items())
    def test_code(self, code: int, expected: tuple[str, int]) -> None:
        outcome, status = expected
        error = {"message": f"(#{code}) said", "code": code, "error_data": {"details": "because"}}
        result = adapter().interpret(json_answer({"error": error}, status))
        assert result.outcome == outcome
        assert result.reason is not None
        assert result.reason.startswith(f"WhatsApp {code}: ")

    def test_what_an_agent_can_do_is_said(self) -> None:
        closed = adapter().interpret(json_answer({"error": {"code": 131047}}, 400))
        assert closed.reason == (
            "WhatsApp 131047: the customer wrote last more than 24 hours ago: only a template may be sent"
        )

    def test_to_one_customer_too_fast_rests(self) -> None:
        assert adapter().interpret(json_answer({"error": {"code": 131056}}, 400)).retry_after_seconds == 6

    def test_retry_after(self) -> None:
        answer = WireResponse(429, {"retry-after": "30"}, b'{"error": {"code": 130429}}')
        assert adapter().interpret(answer).retry_after_seconds == 30

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (WireResponse(502, body=b"<html>"), "retry"),
            (WireResponse(429, body=b""), "throttled"),
            (WireResponse(400, body=b'{"error": "odd"}'), "rejected"),
            (WireResponse(404, body=b"[]"), "rejected"),
            (WireResponse(500, body=b'{"error": {"code": "1"}}'), "retry"),
        ],
    )
    def test_no_answer_of_the_platform(self, answer: WireResponse, outcome: str) -> None:
        assert adapter().interpret(answer).outcome == outcome

    def test_taken_without_an_id(self) -> None:
        assert adapter().interpret(WireResponse(200, body=b"")) == SendResult(SendOutcome.SENT)


LOOKASIDE = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=133"


class TestMedia:
    def test_is_two_requests_with_our_token(self) -> None:
        facts = json_answer({"url": LOOKASIDE, "mime_type": "image/jpeg", "file_size": 3, "id": "77"})
        requests, media = walk(adapter().media({"id": "77"}), facts, WireResponse(200, {}, b"jpg"))
        assert [(request.method, request.url) for request in requests] == [
            ("GET", f"https://graph.facebook.com/v25.0/77?phone_number_id={NUMBER}"),
            ("GET", LOOKASIDE),
        ]
        assert {request.headers["authorization"] for request in requests} == {"Bearer EAAtoken"}
        assert requests[1].answer_max_bytes == 100 * 1024 * 1024
        assert (media.content_type, media.content) == ("image/jpeg", b"jpg")

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.test/fbsbx.com",
            "https://evilfbsbx.com/",
            "http://lookaside.fbsbx.com/",
            "",
            "file:///etc/passwd",
            "https://lookaside.fbsbx.com@evil.test/",
        ],
    )
    def test_our_token_goes_nowhere_else(self, url: str) -> None:
        with pytest.raises(Unsendable, match="not its own"):
            walk(adapter().media({"id": "77"}), json_answer({"url": url}))

    def test_gone(self) -> None:
        gone = json_answer({"error": {"code": 100, "message": "Object with ID '77' does not exist"}}, 400)
        with pytest.raises(Unsendable, match="does not exist"):
            walk(adapter().media({"id": "77"}), gone)

    @pytest.mark.parametrize("answer", [WireResponse(503), json_answer({"error": {"code": 131016}}, 500)])
    def test_not_to_be_had_now(self, answer: WireResponse) -> None:
        with pytest.raises(NotDone) as caught:
            walk(adapter().media({"id": "77"}), json_answer({"url": LOOKASIDE}), answer)
        assert caught.value.result.outcome is SendOutcome.RETRY
