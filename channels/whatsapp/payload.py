"""A webhook of the Cloud API, from bytes to events: several accounts, changes, messages and receipts in one.

Names and shapes are those of Meta's webhook reference. What we do not know is kept as UnknownReceived.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from app.addresses import phone_address
from app.errors import MalformedPayload
from app.events import (
    Address,
    DeliveryUpdated,
    InboundEvent,
    MessageReceived,
    MessageSentElsewhere,
    ReplyWindow,
)
from app.hiding.cards import mask_cards, mask_cards_within
from app.json_body import MalformedJson, parse_json_object
from app.text import clean_line, clean_value
from channels.unknown import unknown
from channels.whatsapp.answers import reason_of
from channels.whatsapp.content import READERS, Content
from channels.whatsapp.shape import items, member, objects, text

NUMBER_MAX: Final = 20
WINDOW: Final = ReplyWindow(seconds=24 * 3600)

_STATES: Final = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}


def parse_notification(body: bytes, phone_number_id: str) -> Sequence[InboundEvent]:
    """All that it tells. Raises MalformedPayload, naming the field."""
    try:
        payload = parse_json_object(body)
    except MalformedJson as error:
        raise MalformedPayload(str(error)) from None
    if b"\\u000" in body or b"\\r" in body:  # JSON can say NUL and CR by an escape only
        payload = clean_value(payload)
    found: list[InboundEvent] = []
    for entry, where in objects(payload, "entry", ""):
        for change, place in objects(entry, "changes", where):
            found.extend(_change(change, place, phone_number_id))
    return found


def _change(change: Mapping[str, Any], where: str, phone_number_id: str) -> Iterator[InboundEvent]:
    field = text(change, "field", where)
    value, place = member(change, "value", where), f"{where}/value"
    metadata = value.get("metadata")
    number = metadata.get("phone_number_id") if isinstance(metadata, Mapping) else None
    if number != phone_number_id:
        yield unknown(field if number is None else f"{field} of number {number}", value)
    elif field == "messages":
        yield from _messages(value, place)
    elif field == "smb_message_echoes":
        for echo, at in objects(value, "message_echoes", place):
            yield _echo(echo, at)
    else:
        yield unknown(field, value)


def _messages(value: Mapping[str, Any], where: str) -> Iterator[InboundEvent]:
    profiles = _Profiles(value, where)
    if "messages" in value:
        for message, place in objects(value, "messages", where):
            yield _message(message, place, profiles)
    if "statuses" in value:
        for status, place in objects(value, "statuses", where):
            yield _status(status, place)
    if "errors" in value:
        yield unknown("errors", {"errors": value["errors"]})


class _Profiles:
    """What WhatsApp says of those who write in one change."""

    def __init__(self, value: Mapping[str, Any], where: str) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}
        for contact, _ in items(value, "contacts", where):
            for each in ("wa_id", "user_id"):
                if isinstance(contact.get(each), str):
                    self._known[contact[each]] = contact

    def name(self, *ids: str | None) -> str | None:
        return self._said("name", ids)

    def username(self, *ids: str | None) -> str | None:
        return self._said("username", ids)

    def _said(self, what: str, ids: Sequence[str | None]) -> str | None:
        for each in ids:
            profile = self._known.get(each or "", {}).get("profile")
            if isinstance(profile, Mapping) and isinstance(profile.get(what), str):
                return mask_cards(clean_line(profile[what]))[:200] or None
        return None


def _message(message: Mapping[str, Any], where: str, profiles: _Profiles) -> InboundEvent:
    kind = text(message, "type", where)
    common = _common(message, _party(message, "from", where), where)
    read = READERS.get(kind)
    if read is None or message.get("group_id"):
        return unknown(f"message.{kind}" + (" in a group" if read else ""), message, **common)
    content: Content = read(message, where)
    ids = (message.get("from"), message.get("from_user_id"))
    about = _about(message) | {"user_id": ids[1], "username": profiles.username(*ids)}
    return MessageReceived(
        **common,
        name=profiles.name(*ids),
        text=mask_cards(content.text),
        attachments=content.attachments,
        payload=content.payload | {name: said for name, said in about.items() if said},
        reply_window=WINDOW if content.wakes else None,
        wakes=content.wakes,
    )


def _common(item: Mapping[str, Any], address: Address, where: str) -> dict[str, Any]:
    return {
        "external_id": text(item, "id", where),
        "address": address,
        "conversation": address.value,
        "occurred_at": _time(item, where),
    }


def _about(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a message refers to: one that it quotes, a product, an advertisement that was tapped."""
    found: dict[str, Any] = {}
    context, referral = message.get("context"), message.get("referral")
    if isinstance(context, Mapping):
        found["reply_to"] = context.get("id")
        found["forwarded"] = context.get("forwarded") or context.get("frequently_forwarded")
        found["product"] = mask_cards_within(context.get("referred_product"))
    if isinstance(referral, Mapping):
        kept = ("source_url", "source_type", "source_id", "headline", "body", "ctwa_clid")
        found["referral"] = {name: mask_cards_within(referral[name]) for name in kept if name in referral}
    return found


def _status(status: Mapping[str, Any], where: str) -> InboundEvent:
    said = text(status, "status", where)
    common = _common(status, _recipient(status, where), where)
    if said not in _STATES:
        return unknown(f"status.{said}", status, **common)
    errors = status.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else None
    reason = reason_of(first) if first is not None else None
    return DeliveryUpdated(**common, state=_STATES[said], reason=reason if said == "failed" else None)


def _echo(echo: Mapping[str, Any], where: str) -> InboundEvent:
    """What a colleague wrote in the WhatsApp Business app, on the same number."""
    kind = text(echo, "type", where)
    common = _common(echo, _party(echo, "to", where), where)
    read = READERS.get(kind)
    if read is None:
        return unknown(f"echo.{kind}", echo, **common)
    content = read(echo, where)
    return MessageSentElsewhere(
        **common, text=mask_cards(content.text), attachments=content.attachments, payload=content.payload
    )


def _party(message: Mapping[str, Any], name: str, where: str) -> Address:
    """Their number; of somebody who hides it, the id that WhatsApp has for them with this business."""
    user = message.get(f"{name}_user_id")
    if isinstance(user, str) and user and not message.get(name):
        return Address(kind="custom", value=user[:200])
    return _phone(text(message, name, where), f"{where}/{name}")


def _recipient(status: Mapping[str, Any], where: str) -> Address:
    user = status.get("recipient_user_id")
    if isinstance(user, str) and user and not status.get("recipient_id"):
        return Address(kind="custom", value=user[:200])
    return _phone(text(status, "recipient_id", where), f"{where}/recipient_id")


def _phone(number: str, where: str) -> Address:
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_MAX):
        raise MalformedPayload("a phone number is required", where)
    found = phone_address(f"+{digits}")
    return found if found is not None else Address(kind="phone", value=f"+{digits}")


def _time(item: Mapping[str, Any], where: str) -> datetime:
    """Unix seconds, as text or as a number."""
    said = item.get("timestamp")
    if (
        isinstance(said, str | int)
        and not isinstance(said, bool)
        and str(said).isdigit()
        and len(str(said)) <= 11
    ):
        return datetime.fromtimestamp(int(said), UTC)
    raise MalformedPayload("Unix seconds are required", f"{where}/timestamp")
