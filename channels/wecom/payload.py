"""The messages and events of `sync_msg`, from JSON to the catalogue's events."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from app.errors import MalformedPayload
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
from channels.unknown import unknown
from channels.wecom.message_ids import whole_message
from channels.weixin.words import ID_MAX, checked_id, free, shown_name

AFTER_MESSAGE: Final = ReplyWindow(seconds=48 * 3600, messages=5)

FROM_CUSTOMER: Final = 3
FROM_COLLEAGUE: Final = 5

ENTERED: Final = "enter_session"

_FAILURES: Final[Mapping[int, str]] = {
    1: "the customer-service account was deleted",
    2: "the application is closed",
    4: "more than 48 hours since the customer's last message",
    5: "the session is closed",
    6: "more than 5 messages since the customer's last one",
    8: "the company is not verified",
    10: "the customer refuses messages",
    12: "this kind of message is not allowed here",
}
"""`fail_type` of `msg_send_fail`."""

_SHOWN: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    ENTERED: ("entered", ("scene", "scene_param")),
    "user_recall_msg": ("recalled", ("recall_msgid",)),
}
"""What a customer did, as the timeline calls it, and what of it is shown. It wakes nobody."""

Item = Mapping[str, Any]


def event_of(item: Item, corp_id: str, names: Mapping[str, str]) -> InboundEvent:
    """`names` are the customers' by their `external_userid`. What lacks something is kept as unknown, and its
    kind says what it lacks: it must not keep the rest of the page away."""
    kind = item.get("msgtype")
    try:
        if kind == "event":
            return _happened(item, corp_id)
        return _said(item, corp_id, names)
    except MalformedPayload as error:
        return _unknown(item, corp_id, f"{kind}: {error}")


def event_members(item: Item) -> Item:
    """Of an item that is an event; none of any other."""
    members = item.get("event")
    return members if item.get("msgtype") == "event" and isinstance(members, dict) else {}


def customer_of(item: Item) -> str:
    """The `external_userid` of a message or event; empty where it names none."""
    found = item.get("external_userid") or event_members(item).get("external_userid")
    return found if isinstance(found, str) else ""


def _said(item: Item, corp_id: str, names: Mapping[str, str]) -> InboundEvent:
    kind, origin = _text(item, "msgtype"), item.get("origin")
    if kind not in _MESSAGES or origin not in (FROM_CUSTOMER, FROM_COLLEAGUE):
        return _unknown(item, corp_id, kind)
    members = item.get(kind)
    if not isinstance(members, dict):
        raise MalformedPayload("it is required", f"/{kind}")
    text, shown, files = _MESSAGES[kind](members)
    payload = {"type": kind, **{name: free(str(value)) for name, value in shown.items() if value}}
    facts = _facts(item, corp_id, _text(item, "msgid"))
    if origin == FROM_COLLEAGUE:
        author = _optional(item, "servicer_userid") or None
        return MessageSentElsewhere(
            **facts, text=free(text), author=author, attachments=files, payload=payload
        )
    return MessageReceived(
        **facts,
        text=free(text),
        name=names.get(customer_of(item)),
        attachments=files,
        payload=payload,
        reply_window=AFTER_MESSAGE,
    )


def _happened(item: Item, corp_id: str) -> InboundEvent:
    members = event_members(item)
    kind = str(members.get("event_type", "event"))
    if kind == "msg_send_fail":
        return _not_delivered(item, corp_id, members)
    if kind not in _SHOWN:
        return _unknown(item, corp_id, kind)
    event, names = _SHOWN[kind]
    shown = {name: free(_optional(members, name)) for name in names if _optional(members, name)}
    payload = {"type": "event", "event": event, **shown}
    return MessageReceived(**_facts(item, corp_id, _text(item, "msgid")), payload=payload, wakes=False)


def _not_delivered(item: Item, corp_id: str, members: Item) -> DeliveryUpdated:
    facts = _facts(item, corp_id, whole_message(_text(members, "fail_msgid")))
    failure = members.get("fail_type")
    reason = _FAILURES.get(failure, f"fail_type {failure}") if isinstance(failure, int) else None
    return DeliveryUpdated(**facts, state="failed", reason=reason)


def _unknown(item: Item, corp_id: str, kind: str) -> UnknownReceived:
    external_id = item.get("msgid")
    return unknown(
        kind,
        dict(item),
        external_id=external_id[:ID_MAX] if isinstance(external_id, str) else None,
        address=_address(item, corp_id) if 0 < len(customer_of(item)) <= ID_MAX else None,
    )


def _facts(item: Item, corp_id: str, external_id: str) -> dict[str, Any]:
    checked_id(customer_of(item), "external_userid")
    address = _address(item, corp_id)
    return {
        "external_id": external_id,
        "conversation": address.value,
        "address": address,
        "occurred_at": _time(item),
    }


def _address(item: Item, corp_id: str) -> Address:
    return Address(kind="wecom", value=f"{corp_id}:{customer_of(item)}")


def _time(item: Item) -> datetime:
    seconds = item.get("send_time")
    if not isinstance(seconds, int) or not 0 <= seconds < 10**10:
        raise MalformedPayload("a Unix time is expected", "/send_time")
    return datetime.fromtimestamp(seconds, UTC)


Said = tuple[str, Mapping[str, Any], tuple[Attachment, ...]]
"""Text, payload, files."""


def _written(members: Item) -> Said:
    return _text(members, "content"), {"menu_id": _optional(members, "menu_id")}, ()


def _file(name: str, content_type: str) -> Callable[[Item], Said]:
    def said(members: Item) -> Said:
        media = {"media_id": _text(members, "media_id")}
        shown = shown_name(_optional(members, "filename")) or name
        return "", {}, (Attachment(name=shown, content_type=content_type, size=0, media=media),)

    return said


def _place(members: Item) -> Said:
    where = f"{members.get('latitude')}, {members.get('longitude')}"
    lines = (_optional(members, "name"), _optional(members, "address"), where)
    shown = {name: members.get(name) for name in ("latitude", "longitude", "name", "address")}
    return "\n".join(filter(None, lines)), shown, ()


def _named(*texts: str) -> Callable[[Item], Said]:
    """A card that is shown by these of its members."""

    def said(members: Item) -> Said:
        lines = [_optional(members, name) for name in texts]
        shown = {name: value for name, value in members.items() if isinstance(value, str | int | float)}
        return "\n".join(filter(None, lines)), shown, ()

    return said


_MESSAGES: Final[Mapping[str, Callable[[Item], Said]]] = {
    "text": _written,
    "image": _file("image.jpg", "image/jpeg"),
    "voice": _file("voice.amr", "audio/amr"),
    "video": _file("video.mp4", "video/mp4"),
    "file": _file("file", "application/octet-stream"),
    "location": _place,
    "link": _named("title", "desc", "url"),
    "business_card": _named("userid"),
    "miniprogram": _named("title"),
    "msgmenu": _named("head_content", "tail_content"),
    "channels_shop_product": _named("title", "shop_nickname", "sales_price"),
    "channels_shop_order": _named("product_titles", "order_id", "state"),
    "channels": _named("title", "nickname"),
    "merged_msg": _named("title"),
    "meeting": _named("title"),
    "schedule": _named("title"),
    "note": _named("title"),
}


def _text(members: Item, name: str) -> str:
    text = members.get(name)
    if not isinstance(text, str) or not text:
        raise MalformedPayload("a text is required", f"/{name}")
    return text


def _optional(members: Item, name: str) -> str:
    text = members.get(name, "")
    return text if isinstance(text, str) else ""
