"""Twilio's messages, from the literal bodies of its webhooks to the catalogue's events, and back."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.errors import MalformedPayload
from app.events import Address, Attachment, DeliveryUpdated, InboundEvent, MessageReceived, UnknownReceived
from channels.base import OutboundAttachment, OutboundMessage, SendOutcome, Unsendable, WireResponse
from channels.twilio import SmsAdapter, SmsConfig
from tests.channels.twilio.wire import ACCOUNT, TOKEN, URL, fields_in, run, signed

CAPTURED = Path(__file__).parent / "captured"
OURS = "+14152001331"
CUSTOMER = Address(kind="phone", value="+17067815146")
CASES: list[tuple[str, str, list[InboundEvent]]] = [
    (
        "sms.form",
        "",
        [
            MessageReceived(
                external_id="SM5ab7891328b440f04b7c83b459fc85fd",
                conversation="+17067815146",
                address=CUSTOMER,
                text="42",
                payload={"segments": "1", "to": OURS},
            )
        ],
    ),
    (
        "mms.form",
        "",
        [
            MessageReceived(
                external_id="MM5ab7891328b440f04b7c83b459fc85fd",
                conversation="+17067815146",
                address=CUSTOMER,
                text="the label says 4111 1111 1111 1111".replace("4111 1111 1111 ", "**** **** **** "),
                attachments=(
                    Attachment(
                        name="MM5ab7891328b440f04b7c83b459fc85fd-0.jpg",
                        content_type="image/jpeg",
                        size=0,
                        media={
                            "path": "/2010-04-01/Accounts/ACae6e420f425248d6a26948c17a9e2acf/Messages/"
                            "MM5ab7891328b440f04b7c83b459fc85fd/Media/ME5ab7891328b440f04b7c83b459fc85fd"
                        },
                    ),
                ),
                payload={"segments": "1", "to": OURS},
            )
        ],
    ),
    (
        "stop.form",
        "",
        [
            MessageReceived(
                external_id="SM00000000000000000000000000000003",
                conversation="+17067815146",
                address=CUSTOMER,
                text="STOP",
                payload={"opt_out": "STOP", "segments": "1", "to": OURS},
            )
        ],
    ),
    ("queued.form", "on=status", []),
    (
        "delivered.form",
        "on=status",
        [DeliveryUpdated(external_id="SM1b0bd4d4e1e44d5cb8bd5a1b6d2f3c4e", state="delivered")],
    ),
    (
        "undelivered.form",
        "on=status",
        [
            DeliveryUpdated(
                external_id="SM1b0bd4d4e1e44d5cb8bd5a1b6d2f3c4e",
                state="failed",
                reason="the network took it for spam (Twilio 30007)",
            )
        ],
    ),
]
MALFORMED = {
    "no id": (b"From=%2B17067815146&Body=x", "/MessageSid"),
    "no sender": (b"MessageSid=SM1&Body=x", "/From"),
    "an id with a line end": (b"MessageSid=SM%0A1&From=%2B17067815146", "/MessageSid"),
    "an id too long": (b"From=%2B17067815146&MessageSid=" + b"S" * 201, "/MessageSid"),
    "files uncounted": (b"MessageSid=S&From=%2B17067815146&NumMedia=x", "/NumMedia"),
    "a file without address": (b"MessageSid=S&From=%2B17067815146&NumMedia=1", "/MediaUrl0"),
    "an address that is none": (
        b"MessageSid=S&From=%2B17067815146&NumMedia=1&MediaUrl0=https://%5B",
        "/MediaUrl0",
    ),
    "no form": (b"\xff", ""),
}
REFUSALS = {
    21610: "the customer has opted out (STOP) (Twilio 21610)",
    21211: "this is no number that can be reached (Twilio 21211)",
    21614: "this is no mobile number (Twilio 21614)",
    21408: "the account may not send to this country (Twilio 21408)",
    21617: "the message is longer than 1600 characters (Twilio 21617)",
    29999: "Something new (Twilio 29999)",
}


def adapter(**config: Any) -> SmsAdapter:
    settled = {"account_sid": ACCOUNT, "auth_token": TOKEN, "address": OURS, "webhook_url": URL}
    return SmsAdapter(SmsConfig.model_validate(settled | config))


def message(text: str = "hello", **given: Any) -> OutboundMessage:
    return OutboundMessage(UUID(int=1), UUID(int=2), "key", given.pop("address", CUSTOMER), text, **given)


def picture(**given: Any) -> OutboundAttachment:
    whole = {
        "name": "a.png",
        "content_type": "image/png",
        "content": b"x",
        "url": "https://cc.example/files/1",
    }
    return OutboundAttachment(**whole | given)


def answer(status: int, document: object = None, **headers: str) -> WireResponse:
    date = {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}
    return WireResponse(status, date | headers, b"" if document is None else orjson.dumps(document))


class TestParse:
    @pytest.mark.parametrize(("name", "query", "events"), CASES, ids=[case[0] for case in CASES])
    def test_captured(self, name: str, query: str, events: list[InboundEvent]) -> None:
        request = signed((CAPTURED / name).read_bytes().strip(), query)
        adapter().verify(request)
        assert list(adapter().parse(request)) == events

    @pytest.mark.parametrize(("body", "pointer"), MALFORMED.values(), ids=MALFORMED)
    def test_malformed(self, body: bytes, pointer: str) -> None:
        with pytest.raises(MalformedPayload) as error:
            adapter().parse(replace(signed({}), body=body))
        assert error.value.pointer == pointer

    def test_a_state_that_is_new_to_us(self) -> None:
        (event,) = adapter().parse(signed({"MessageSid": "SM1", "MessageStatus": "teleported"}, "on=status"))
        assert isinstance(event, UnknownReceived) and event.kind == "teleported"

    def test_fields_that_are_new_to_us(self) -> None:
        fields = {"MessageSid": "SM1", "From": "+17067815146", "Body": "x", "Flavour": "new"}
        (event,) = adapter().parse(signed(fields))
        assert isinstance(event, MessageReceived) and event.text == "x"

    def test_a_sender_of_letters(self) -> None:
        (event,) = adapter().parse(signed({"MessageSid": "SM1", "From": "BANK", "Body": "x"}))
        assert event.address == Address(kind="custom", value="BANK")


class TestRender:
    def test_from_the_number(self) -> None:
        request = adapter().render(message("你好"))
        assert request.url == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert request.headers["authorization"].startswith("Basic QUNhZTZlNDIw")
        assert fields_in(request.body) == {
            "To": ["+17067815146"],
            "From": [OURS],
            "Body": ["你好"],
            "StatusCallback": [f"{URL}?on=status#rc=5&rp=all"],
        }

    def test_files_by_their_addresses(self) -> None:
        pair = [picture(url="https://cc.example/files/1"), picture(url="https://cc.example/files/2")]
        fields = fields_in(adapter().render(message("", attachments=pair)).body)
        assert fields["MediaUrl"] == ["https://cc.example/files/1", "https://cc.example/files/2"]
        assert "Body" not in fields

    def test_from_a_service_with_an_api_key(self) -> None:
        service = f"MG{'1' * 32}"
        keyed = adapter(
            messaging_service_sid=service, api_key_sid=f"SK{'2' * 32}", api_key_secret="s", address=None
        )
        request = keyed.render(message())
        assert fields_in(request.body)["MessagingServiceSid"] == [service]
        assert "From" not in fields_in(request.body)
        assert request.headers["authorization"].startswith("Basic U0sy")

    @pytest.mark.parametrize(
        "wrong",
        [
            message(" \n"),
            message("x" * 1601),
            message(address=Address(kind="email", value="a@b.test")),
            message(attachments=[OutboundAttachment("a.png", "image/png", b"x")]),
            message(attachments=[picture(content_type="image/svg+xml")]),
            message(attachments=[picture(content=b"x" * (5 * 1024 * 1024 + 1))]),
            message(attachments=[picture()] * 11),
        ],
        ids=["empty", "long", "no number", "a file nobody can fetch", "drawing", "too large", "too many"],
    )
    def test_what_twilio_would_refuse(self, wrong: OutboundMessage) -> None:
        with pytest.raises(Unsendable):
            adapter().render(wrong)


class TestInterpret:
    def test_taken(self) -> None:
        result = adapter().interpret(answer(201, {"sid": "SM1", "status": "queued"}))
        assert (result.outcome, result.provider_id) == (SendOutcome.SENT, "SM1")

    @pytest.mark.parametrize(("code", "reason"), REFUSALS.items())
    def test_refused_in_words(self, code: int, reason: str) -> None:
        result = adapter().interpret(answer(400, {"code": code, "message": "Something new", "status": 400}))
        assert (result.outcome, result.reason) == (SendOutcome.REJECTED, reason)

    @pytest.mark.parametrize(
        ("response", "outcome"),
        [
            (answer(429, {"code": 20429}, **{"retry-after": "7"}), SendOutcome.THROTTLED),
            (answer(400, {"code": 20429}), SendOutcome.THROTTLED),
            (answer(503), SendOutcome.RETRY),
            (answer(500, {"code": 20500}), SendOutcome.RETRY),
            (answer(401, {"code": 20003}), SendOutcome.REJECTED),
            (WireResponse(502, {}, b"<html>"), SendOutcome.RETRY),
        ],
    )
    def test_outcome(self, response: WireResponse, outcome: SendOutcome) -> None:
        assert adapter().interpret(response).outcome is outcome


class TestMedia:
    PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"

    def test_our_credentials_stay_with_twilio(self) -> None:
        moved = answer(307, location="https://cdn.example/x")
        file = WireResponse(200, {"content-type": "image/jpeg"}, b"\xff\xd8")
        asked, media = run(adapter().media({"path": self.PATH}), [moved, file])
        assert [request.url for request in asked] == [
            f"https://api.twilio.com{self.PATH}",
            "https://cdn.example/x",
        ]
        assert "authorization" in asked[0].headers and not asked[1].headers
        assert (media.content_type, media.content) == ("image/jpeg", b"\xff\xd8")

    def test_gone(self) -> None:
        with pytest.raises(Unsendable):
            run(adapter().media({"path": self.PATH}), [answer(404)])

    @pytest.mark.parametrize(
        "path", ["", "/etc/passwd", "/2010-04-01/Accounts/../../x", "https://evil.test/"]
    )
    def test_never_twilios(self, path: str) -> None:
        with pytest.raises(Unsendable):
            run(adapter().media({"path": path}), [])


class TestFetch:
    def test_the_first_time_only_the_hour_is_learnt(self) -> None:
        _, fetched = run(adapter().fetch({}, {}), [answer(200, {"messages": [{"sid": "SM1"}]})])
        assert (list(fetched.events), fetched.state) == ([], {"since": "2026-11-22T09:00:00Z"})

    def test_what_a_lost_webhook_missed(self) -> None:
        theirs = {"sid": "MM1", "direction": "inbound", "from": "+17067815146", "to": OURS, "body": "hi"}
        sent = {"sid": "SM2", "direction": "outbound-api", "from": OURS, "status": "delivered"}
        other = {**theirs, "sid": "SM3", "to": "+14155550199"}
        pages = [
            {"messages": [theirs | {"num_media": "1", "date_sent": "Sun, 22 Nov 2026 09:59:00 +0000"}],
             "next_page_uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?Page=1"},
            {"media_list": [{"uri": "/2010-04-01/Accounts/A/Messages/MM1/Media/ME1.json",
                             "content_type": "image/png"}]},
            {"messages": [sent, other, {**sent, "sid": "SM4", "status": "sending"}], "next_page_uri": None},
        ]  # fmt: skip
        asked, fetched = run(
            adapter().fetch({"since": "2026-11-22T08:00:00Z"}, {}), [answer(200, page) for page in pages]
        )
        assert "DateSent%3E=2026-11-22T08%3A00%3A00Z" in asked[0].url
        message, receipt = fetched.events
        assert isinstance(message, MessageReceived)
        assert (message.external_id, message.text, len(message.attachments)) == ("MM1", "hi", 1)
        assert message.occurred_at is not None and message.occurred_at.minute == 59
        assert receipt == DeliveryUpdated(external_id="SM2", state="delivered")

    def test_a_list_that_cannot_be_read_changes_nothing(self) -> None:
        state = {"since": "2026-11-22T08:00:00Z"}
        _, fetched = run(adapter().fetch(state, {}), [answer(503)])
        assert (list(fetched.events), fetched.state) == ([], state)
