"""Every kind of webhook, from the literal payloads of Meta's webhook reference to events."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from app.errors import MalformedPayload
from app.events import (
    Address,
    Attachment,
    DeliveryUpdated,
    InboundEvent,
    MessageReceived,
    MessageSentElsewhere,
    UnknownReceived,
)
from channels.whatsapp.payload import WINDOW
from tests.channels.whatsapp.build import adapter, captured, message, notification, signed

FIRST = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA="
SECOND = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQUFERjg0NDEzNDdFODU3MUMxMAA="
OURS = "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI3MEM2RUJFNkI0RENGQTVDRjUA"
LIST = "wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA="
SHEENA = Address(kind="phone", value="+16505551234")


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def received(external_id: str, seconds: int, text: str, **more: Any) -> MessageReceived:
    facts: dict[str, Any] = {"name": "Sheena Nelson", "address": SHEENA, "reply_window": WINDOW} | more
    return MessageReceived(
        external_id=external_id,
        conversation=facts["address"].value,
        occurred_at=at(seconds),
        text=text,
        **facts,
    )


def file(name: str, content_type: str, media_id: str) -> tuple[Attachment, ...]:
    return (Attachment(name=name, content_type=content_type, size=0, media={"id": media_id}),)


def updated(seconds: int, state: Any, reason: str | None = None) -> DeliveryUpdated:
    return DeliveryUpdated(
        external_id=SECOND,
        address=SHEENA,
        conversation=SHEENA.value,
        occurred_at=at(seconds),
        state=state,
        reason=reason,
    )


def asleep(external_id: str, seconds: int, text: str, **more: Any) -> MessageReceived:
    """On the timeline, but nobody's work."""
    return received(external_id, seconds, text, **{"reply_window": None, "wakes": False} | more)


PLACE = {
    "latitude": 37.44221496582,
    "longitude": -122.16165924072,
    "name": "Philz Coffee",
    "address": "101 Forest Ave, Palo Alto, CA 94301",
    "url": "https://philzcoffee.com/",
}
CARD = orjson.loads(captured("contacts"))["entry"][0]["changes"][0]["value"]["messages"][0]["contacts"]
ORDER = orjson.loads(captured("order"))["entry"][0]["changes"][0]["value"]["messages"][0]["order"]
REFERRAL = {
    "source_url": "https://fb.me/3cr4Wqqkv",
    "source_type": "ad",
    "source_id": "120226305854810726",
    "headline": "Chat with us",
    "body": "Summer Succulents are here!",
    "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e_mIEOOj27vDVwFjN80dp4_0NiNhEgpGo0AHemvuSoifXaytfTzcchptiErT"
    "KCqTrJ5nW1h7IHYeYymGb5K5J5iTROpBhWAGaIAeUzHL50",
}
CASES: dict[str, InboundEvent] = {
    "text": received(FIRST, 1749416383, "Does it come in another color?"),
    "text_product": received(
        "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTA2NTUwRkNEMDdFQjJCRUU0NQA=",
        1750016800,
        "Is this still available?",
        payload={
            "reply_to": "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGA9wcm9kdWN0X2lucXVpcnkA",
            "product": {"catalog_id": "194836987003835", "product_retailer_id": "di9ozbzfi4"},
        },
    ),
    "text_ad": received(
        "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQUQ0N0VFMDA2MTQ0RkJFNkNDNAA=",
        1750275992,
        "Can I get more info about this?",
        payload={"referral": REFERRAL},
    ),
    "text_user_id": received(
        FIRST,
        1749416383,
        "Does it come in another color?",
        address=Address(kind="custom", value="US.13491208655302741918"),
        payload={"user_id": "US.13491208655302741918", "username": "realsheenanelson"},
    ),
    "image": received(
        FIRST, 1744344496, "Taj Mahal", attachments=file("image.jpg", "image/jpeg", "1003383421387256")
    ),
    "document": received(
        FIRST, 1744344496, "my receipt", attachments=file("receipt.pdf", "application/pdf", "622684793477189")
    ),
    "audio": received(
        FIRST,
        1744344496,
        "",
        payload={"voice": True},
        attachments=file("audio.ogg", "audio/ogg", "1908647269898587"),
    ),
    "location": received(
        SECOND,
        1744344496,
        "📍 37.44221496582, -122.16165924072\nPhilz Coffee\n101 Forest Ave, Palo Alto, CA 94301\n"
        "https://philzcoffee.com/",
        payload={"location": PLACE},
    ),
    "contacts": received(
        FIRST, 1744344496, "Barbara J. Johnson: +1 (415) 555-0829", payload={"contacts": CARD}
    ),
    "list_reply": received(
        SECOND,
        1749854575,
        "Priority Mail Express\nNext Day to 2 Days",
        payload={"button": {"id": "priority_express", "title": "Priority Mail Express"}, "reply_to": LIST},
    ),
    "button_reply": received(
        "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTZBQzg0MzQ4QjRCM0NGNkVGOAA=",
        1750025136,
        "Cancel",
        payload={"button": {"id": "cancel-button", "title": "Cancel"}, "reply_to": OURS},
    ),
    "template_button": received(
        SECOND,
        1750025136,
        "Unsubscribe",
        payload={"button": {"id": "Unsubscribe", "title": "Unsubscribe"}, "reply_to": OURS},
    ),
    "form_reply": received(
        SECOND,
        1750025136,
        "order: A-17\nreason: damaged",
        payload={"form": {"order": "A-17", "reason": "damaged"}, "reply_to": OURS},
    ),
    "reaction": asleep(SECOND, 1744344496, "👍", payload={"reaction": {"to": LIST, "emoji": "👍"}}),
    "reaction_removed": asleep(SECOND, 1744344496, "🗑", payload={"reaction": {"to": LIST, "emoji": ""}}),
    "order": received(
        SECOND,
        1750096325,
        "Love these!\n2 × di9ozbzfi4 à 30 USD\n1 × nqryix03ez à 25 USD",
        payload={"order": {name: ORDER[name] for name in ("catalog_id", "product_items")}},
    ),
    "system": asleep(
        "wamid.HBgLMTk4MzU1NTE5NzQVAgASGAoxMTgyMDg2MjY3AA==",
        1750269342,
        "User Sheena Nelson changed from 16505551234 to 12195555358",
        name=None,
        payload={"system": {"type": "user_changed_number", "wa_id": "12195555358"}},
    ),
    "unsupported": received(
        SECOND,
        1750090702,
        "WhatsApp 131051: WhatsApp does not take messages of this type",
        payload={"unsupported": "edit"},
    ),
    "edit": received(SECOND, 1739321024, "Taj Mahal at dawn", payload={"edits": FIRST}),
    "revoke": asleep(SECOND, 1739321024, "🗑", payload={"deletes": FIRST}),
    "status_sent": updated(1750030073, "sent"),
    "status_read": updated(1750030073, "read"),
    "status_failed": updated(
        1750030073,
        "failed",
        "WhatsApp 131049: WhatsApp held it back: this customer got too many marketing messages",
    ),
    "echo": MessageSentElsewhere(
        external_id="wamid.HBgLMTY0NjcwNDM1OTUVAgARGBIyNDlBOEI5QUQ4NDc0N0FCNjMA",
        address=SHEENA,
        conversation=SHEENA.value,
        occurred_at=at(1739321024),
        text="Here's the info you requested! https://www.meta.com/quest/quest-3/",
    ),
}
STICKER = {"mime_type": "image/webp", "id": "sticker-1", "animated": False}
MALFORMED: dict[str, tuple[bytes, str]] = {
    "no json": (b"{", ""),
    "a list": (b"[]", ""),
    "no entry": (b"{}", "/entry"),
    "entry an object": (b'{"entry": {}}', "/entry"),
    "entry of numbers": (b'{"entry": [1]}', "/entry/0"),
    "no changes": (b'{"entry": [{}]}', "/entry/0/changes"),
    "no field": (b'{"entry": [{"changes": [{}]}]}', "/entry/0/changes/0/field"),
    "no value": (b'{"entry": [{"changes": [{"field": "messages"}]}]}', "/entry/0/changes/0/value"),
    **{
        f"message: {what}": (
            notification({"messages": [message(**changes)]}),
            f"/entry/0/changes/0/value/messages/0{pointer}",
        )
        for what, changes, pointer in (
            ("no type", {}, "/type"),
            ("no id", {"type": "text", "id": "", "text": {"body": "a"}}, "/id"),
            ("nobody", {"type": "text", "from": None, "text": {"body": "a"}}, "/from"),
            ("a name for a number", {"type": "text", "from": "Ann", "text": {"body": "a"}}, "/from"),
            ("no time", {"type": "text", "timestamp": None, "text": {"body": "a"}}, "/timestamp"),
            ("time a word", {"type": "text", "timestamp": "now", "text": {"body": "a"}}, "/timestamp"),
            ("time a truth", {"type": "text", "timestamp": True, "text": {"body": "a"}}, "/timestamp"),
            (
                "time of another age",
                {"type": "text", "timestamp": 10**12, "text": {"body": "a"}},
                "/timestamp",
            ),
            ("no text", {"type": "text"}, "/text"),
            ("text a text", {"type": "text", "text": "a"}, "/text"),
            ("no body", {"type": "text", "text": {}}, "/text/body"),
            ("body a number", {"type": "text", "text": {"body": 1}}, "/text/body"),
            ("no image", {"type": "image"}, "/image"),
            ("image without id", {"type": "image", "image": {"mime_type": "image/png"}}, "/image/id"),
            ("answer of no kind", {"type": "interactive", "interactive": {}}, "/interactive/type"),
            (
                "answer without itself",
                {"type": "interactive", "interactive": {"type": "list_reply"}},
                "/interactive/list_reply",
            ),
            ("button without words", {"type": "button", "button": {}}, "/button/text"),
            ("reaction to nothing", {"type": "reaction", "reaction": {"emoji": "x"}}, "/reaction/message_id"),
            ("cards of numbers", {"type": "contacts", "contacts": [1]}, "/contacts/0"),
            (
                "items of numbers",
                {"type": "order", "order": {"product_items": [1]}},
                "/order/product_items/0",
            ),
            ("edit of nothing", {"type": "edit", "edit": {}}, "/edit/original_message_id"),
        )
    },
    "contacts a number": (notification({"contacts": 1, "messages": []}), "/entry/0/changes/0/value/contacts"),
    "status without id": (
        notification({"statuses": [{"status": "sent", "recipient_id": "1", "timestamp": "1"}]}),
        "/entry/0/changes/0/value/statuses/0/id",
    ),
}


def parsed(body: bytes) -> list[InboundEvent]:
    whatsapp, request = adapter(), signed(body)
    whatsapp.verify(request)
    return list(whatsapp.parse(request))


def one(**content: Any) -> InboundEvent:
    (event,) = parsed(notification({"messages": [message(**content)]}))
    return event


class TestCaptured:
    @pytest.mark.parametrize(("name", "expected"), CASES.items(), ids=CASES.keys())
    def test_payload(self, name: str, expected: InboundEvent) -> None:
        assert parsed(captured(name)) == [expected]

    def test_members_of_later_are_passed_over(self) -> None:
        payload = orjson.loads(captured("text"))
        payload["entry"][0]["changes"][0]["value"]["messages"][0] |= {"colour": "red", "context": None}
        assert parsed(orjson.dumps(payload)) == [CASES["text"]]


class TestWhatElseThereIs:
    def test_many_in_one(self) -> None:
        texts = [message(id=f"wamid.{n}", type="text", text={"body": str(n)}) for n in range(3)]
        status = {
            "id": "wamid.ours",
            "status": "delivered",
            "timestamp": 1750030073,
            "recipient_id": "16505551234",
        }
        payload = orjson.loads(
            notification({"messages": texts, "statuses": [status, status | {"status": "played"}]})
        )
        payload["entry"] *= 2
        events = parsed(orjson.dumps(payload))
        said = [event.text if isinstance(event, MessageReceived) else event for event in events]
        assert said[:3] == said[5:8] == ["0", "1", "2"]
        assert [event.state for event in events if isinstance(event, DeliveryUpdated)] == [
            "delivered",
            "read",
        ] * 2

    def test_of_another_number_of_the_account(self) -> None:
        value = {"messages": [message(type="text", text={"body": "4111 1111 1111 1111"})]}
        (event,) = parsed(notification(value, number="999"))
        assert isinstance(event, UnknownReceived)
        assert event.kind == "messages of number 999"
        assert event.payload["messages"][0]["text"]["body"] == "**** **** **** 1111"

    def test_a_field_we_do_not_know(self) -> None:
        (event,) = parsed(notification({"event": "PAUSED"}, field="message_template_status_update"))
        assert isinstance(event, UnknownReceived)
        assert (event.kind, event.payload["event"]) == ("message_template_status_update", "PAUSED")

    def test_a_field_about_the_account(self) -> None:
        body = b'{"entry": [{"changes": [{"field": "account_update", "value": {"event": "BANNED"}}]}]}'
        assert parsed(body) == [UnknownReceived(kind="account_update", payload={"event": "BANNED"})]

    def test_a_message_of_a_type_we_do_not_know(self) -> None:
        event = one(type="poll", poll={"question": "?"})
        assert isinstance(event, UnknownReceived)
        assert (event.kind, event.external_id, event.address) == ("message.poll", "wamid.1", SHEENA)
        assert event.payload["poll"] == {"question": "?"}

    def test_a_message_in_a_group(self) -> None:
        event = one(type="text", text={"body": "all"}, group_id="g1")
        assert isinstance(event, UnknownReceived)
        assert event.kind == "message.text in a group"

    def test_a_state_we_do_not_know(self) -> None:
        status = {"id": "wamid.1", "status": "warned", "timestamp": "1", "recipient_id": "16505551234"}
        (event,) = parsed(notification({"statuses": [status]}))
        assert isinstance(event, UnknownReceived)
        assert event.kind == "status.warned"

    def test_errors_apart(self) -> None:
        (event,) = parsed(notification({"errors": [{"code": 130429}]}))
        assert event == UnknownReceived(kind="errors", payload={"errors": [{"code": 130429}]})

    def test_something_huge_is_cut(self) -> None:
        (event,) = parsed(notification({"history": "x" * 300_000}, field="history"))
        assert isinstance(event, UnknownReceived)
        assert event.payload["cut"] is True

    def test_a_sticker(self) -> None:
        event = one(type="sticker", sticker=STICKER)
        assert isinstance(event, MessageReceived)
        assert event.attachments == file("sticker.webp", "image/webp", "sticker-1")

    def test_forwarded(self) -> None:
        event = one(type="text", text={"body": "look"}, context={"frequently_forwarded": True})
        assert isinstance(event, MessageReceived)
        assert event.payload == {"forwarded": True}

    def test_card_numbers_and_controls(self) -> None:
        event = one(type="image", image={"id": "6011000990139424", "caption": "a\x00b 4111111111111111"})
        assert isinstance(event, MessageReceived)
        assert event.text == "ab ************1111"
        assert event.attachments[0].media == {"id": "6011000990139424"}

    def test_a_number_that_only_whatsapp_knows(self) -> None:
        event = one(type="text", text={"body": "hi"}, **{"from": "99912"})
        assert event.address == Address(kind="phone", value="+99912")

    def test_receipt_of_somebody_without_a_number(self) -> None:
        status = {"id": "wamid.1", "status": "sent", "timestamp": "1", "recipient_user_id": "US.1"}
        (event,) = parsed(notification({"statuses": [status]}))
        assert event.address == Address(kind="custom", value="US.1")

    @pytest.mark.parametrize(("body", "pointer"), MALFORMED.values(), ids=MALFORMED.keys())
    def test_malformed(self, body: bytes, pointer: str) -> None:
        with pytest.raises(MalformedPayload) as caught:
            parsed(body)
        assert caught.value.pointer == pointer
