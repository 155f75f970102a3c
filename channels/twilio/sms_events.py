"""From Twilio's words for a message to the catalogue's events."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from app.addresses import phone_address
from app.errors import MalformedPayload
from app.events import (
    Address,
    Attachment,
    DeliveryUpdated,
    InboundEvent,
    MessageReceived,
)
from app.hiding.cards import mask_cards
from app.text import clean_text
from channels.twilio.codes import reason_of
from channels.twilio.form import needed
from channels.unknown import unknown

MEDIA_MAX: Final = 10
"""Files in one message."""

_STATES: Final[Mapping[str, str | None]] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""Twilio's word → ours; None: still on its way, as we know."""

_KEPT: Final = {"OptOutType": "opt_out", "NumSegments": "segments", "To": "to"}
"""What else stands on the touch. `OptOutType`: STOP, START or HELP, as Twilio has understood it."""

_ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "application/pdf": ".pdf",
}


def received(fields: Mapping[str, str]) -> MessageReceived:
    """A customer's message. Raises MalformedPayload."""
    sid, sender = needed(fields, "MessageSid"), _sender(fields)
    return MessageReceived(
        external_id=sid,
        conversation=sender.value,
        address=sender,
        text=mask_cards(clean_text(fields.get("Body", ""))),
        attachments=tuple(_files(fields, sid)),
        payload={ours: fields[name] for name, ours in _KEPT.items() if name in fields},
    )


def receipt(sid: str, status: str, code: str | None) -> DeliveryUpdated | None:
    """None while it is on its way, and for a word that we do not know."""
    state = _STATES.get(status)
    if state is None:
        return None
    failed = state == "failed"
    reason = reason_of(int(code)) if failed and code and code.isdigit() and len(code) < 8 else None
    return DeliveryUpdated.model_validate(
        {"external_id": sid, "state": state, "reason": reason or (status if failed else None)}
    )


def receipt_of(fields: Mapping[str, str]) -> Sequence[InboundEvent]:
    sid, status = needed(fields, "MessageSid"), needed(fields, "MessageStatus")
    if status not in _STATES:
        return (unknown(status, dict(fields), external_id=f"{sid}:{status}"),)
    told = receipt(sid, status, fields.get("ErrorCode"))
    return () if told is None else (told,)


def _sender(fields: Mapping[str, str]) -> Address:
    sender = phone_address(needed(fields, "From"))
    if sender is None:
        return Address(kind="custom", value=fields["From"])  # letters instead of a number
    return sender


def _files(fields: Mapping[str, str], sid: str) -> list[Attachment]:
    count = fields.get("NumMedia", "0")
    if not (count.isascii() and count.isdigit() and len(count) < 4):
        raise MalformedPayload("a number is required", "/NumMedia")
    return [_file(fields, sid, index) for index in range(min(int(count), MEDIA_MAX))]


def _file(fields: Mapping[str, str], sid: str, index: int) -> Attachment:
    url = needed(fields, f"MediaUrl{index}", 2000)
    kind = fields.get(f"MediaContentType{index}", "application/octet-stream")
    try:
        path = urlsplit(url).path
    except ValueError:
        raise MalformedPayload("this is no address", f"/MediaUrl{index}") from None
    return Attachment(
        name=f"{sid}-{index}{_ENDINGS.get(kind, '')}", content_type=kind, size=0, media={"path": path}
    )
