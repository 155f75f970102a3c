"""What an official account's webhook tells: messages of customers, and what else they did, from XML to the
catalogue's events."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.errors import MalformedPayload
from app.events import (
    Address,
    Attachment,
    InboundEvent,
    MessageReceived,
    ReplyWindow,
    ReplyWindowOpened,
)
from channels.unknown import unknown
from channels.weixin.words import checked_id, free, shown_name
from channels.weixin.xml import Fields, required, text_of

AFTER_MESSAGE: Final = ReplyWindow(seconds=48 * 3600, messages=5)
AFTER_ACTION: Final = ReplyWindow(seconds=60, messages=3)

_ACTIONS: Final[Mapping[str, str]] = {
    "subscribe": "followed",
    "scan": "scanned",
    "click": "menu_click",
    "scancode_push": "menu_scan",
    "scancode_waitmsg": "menu_scan",
}
"""What opens a short reply window, and how the timeline calls it."""

_QR_PREFIX: Final = "qrscene_"


def event_of(fields: Fields, app_id: str) -> InboundEvent:
    """Raises MalformedPayload naming the field that is missing or wrong."""
    kind = required(fields, "MsgType").lower()
    who = _who(fields, app_id)
    if kind == "event":
        return _happened(fields, who)
    if kind not in _MESSAGES:
        external_id = text_of(fields, "MsgId") or None
        return unknown(kind, fields, external_id=external_id, **who)
    text, payload, files = _MESSAGES[kind](fields)
    return MessageReceived(
        **who,
        external_id=required(fields, "MsgId"),
        text=free(text),
        payload={name: free(value) for name, value in payload.items() if value},
        attachments=files,
        reply_window=AFTER_MESSAGE,
    )


def _who(fields: Fields, app_id: str) -> dict[str, Any]:
    address = Address(
        kind="wechat", value=f"{app_id}:{checked_id(required(fields, 'FromUserName'), 'FromUserName')}"
    )
    return {"address": address, "conversation": address.value, "occurred_at": _time(fields)}


def _time(fields: Fields) -> datetime:
    seconds = required(fields, "CreateTime").strip()
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10):
        raise MalformedPayload("a Unix time is expected", "/CreateTime")
    return datetime.fromtimestamp(int(seconds), UTC)


def _happened(fields: Fields, who: Mapping[str, Any]) -> InboundEvent:
    name = required(fields, "Event").lower()
    external_id = f"{text_of(fields, 'FromUserName')}:{text_of(fields, 'CreateTime')}:{name}"
    if name == "unsubscribe":
        left = {"type": "event", "event": "unfollowed"}
        return MessageReceived(**who, external_id=external_id, payload=left, wakes=False)
    if name not in _ACTIONS:
        return unknown(name, fields, external_id=external_id, **who)
    key = text_of(fields, "EventKey").removeprefix(_QR_PREFIX)
    payload = {"type": "event", "event": _ACTIONS[name], "key": key, **_scanned(fields)}
    return ReplyWindowOpened(
        **who,
        external_id=external_id,
        reply_window=AFTER_ACTION,
        payload={name: free(value) for name, value in payload.items() if value},
    )


def _scanned(fields: Fields) -> dict[str, str]:
    found = fields.get("ScanCodeInfo")
    return {"scanned": text_of(found, "ScanResult")} if isinstance(found, dict) else {}


Said = tuple[str, dict[str, str], tuple[Attachment, ...]]
"""Text, payload, files."""


def _text(fields: Fields) -> Said:
    return text_of(fields, "Content"), {"menu_id": text_of(fields, "bizmsgmenuid")}, ()


def _picture(fields: Fields) -> Said:
    return "", {"type": "image"}, (_file(fields, "image.jpg", "image/jpeg"),)


def _voice(fields: Fields) -> Said:
    speech = text_of(fields, "Recognition")
    form = text_of(fields, "Format").lower() or "amr"
    payload = {"type": "voice", "recognised": "yes" if speech else ""}
    return speech, payload, (_file(fields, f"voice.{form}", f"audio/{form}"),)


def _film(fields: Fields) -> Said:
    return "", {"type": "video"}, (_file(fields, "video.mp4", "video/mp4"),)


def _place(fields: Fields) -> Said:
    latitude, longitude = required(fields, "Location_X"), required(fields, "Location_Y")
    label = text_of(fields, "Label")
    text = f"{label}\n{latitude}, {longitude}".strip()
    return text, {"type": "location", "latitude": latitude, "longitude": longitude, "label": label}, ()


def _link(fields: Fields) -> Said:
    title, url = text_of(fields, "Title"), required(fields, "Url")
    payload = {"type": "link", "title": title, "description": text_of(fields, "Description"), "url": url}
    return f"{title}\n{url}".strip(), payload, ()


def _document(fields: Fields) -> Said:
    """Its content cannot be had: the platform has no way to fetch it."""
    name = shown_name(required(fields, "Title"))
    return name, {"type": "file", "name": name, "size": text_of(fields, "FileTotalLen")}, ()


_MESSAGES: Final[Mapping[str, Callable[[Fields], Said]]] = {
    "text": _text,
    "image": _picture,
    "voice": _voice,
    "video": _film,
    "shortvideo": _film,
    "location": _place,
    "link": _link,
    "file": _document,
}


def _file(fields: Fields, name: str, content_type: str) -> Attachment:
    media = {"media_id": required(fields, "MediaId")}
    return Attachment(name=name, content_type=content_type, size=0, media=media)
