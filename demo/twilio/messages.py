"""Messages as Twilio has them: sent, refused, delivered."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fastapi.responses import Response

from demo.twilio.hooks import Hooks

KNOWN = {"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback"}
PICTURE = b"\x89PNG\r\n\x1a\n" + b"a picture" * 10


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Message:
    sid: str
    sender: str
    to: str
    body: str
    direction: str
    status: str
    callback: str | None = None
    media: int = 0
    media_urls: tuple[str, ...] = ()
    at: str = ""


class Messages:
    """`opted_out`: numbers that wrote STOP. `fate`: what becomes of messages to a number, step by step."""

    def __init__(self, account: str, number: str, hooks: Hooks) -> None:
        self.account, self.number, self.hooks = account, number, hooks
        self.url = ""
        self.all: list[Message] = []
        self.opted_out: set[str] = set()
        self.fate: dict[str, list[tuple[str, str]]] = {}

    def write(self, sender: str, body: str, *, media: int = 0, told: bool = True) -> Message:
        """A customer writes to our number; not `told`: the webhook is lost."""
        stop = body.strip().upper() in ("STOP", "START")
        if stop:
            (self.opted_out.add if body.strip().upper() == "STOP" else self.opted_out.discard)(sender)
        message = Message(_sid("MM" if media else "SM"), sender, self.number, body, "inbound", "received")
        message.media, message.at = media, format_datetime(datetime.now(UTC))
        self.all.append(message)
        fields = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsMessageSid": message.sid,
            "SmsStatus": "received",
            "AccountSid": self.account,
            "From": sender,
            "To": self.number,
            "Body": body,
            "NumMedia": str(media),
            "NumSegments": "1",
        }
        for index in range(media):
            fields[f"MediaUrl{index}"] = f"https://api.twilio.com{self._media(message, index)}"
            fields[f"MediaContentType{index}"] = "image/png"
        if stop:
            fields["OptOutType"] = body.strip().upper()
        if told:
            self.hooks.tell("received", self.url, fields)
        return message

    def create(self, form: Mapping[str, Any]) -> dict[str, Any]:
        self._check(form)
        urls = tuple(form.get("MediaUrl", ()))
        kind, body = ("MM" if urls else "SM"), str(form.get("Body", ""))
        message = Message(_sid(kind), form["From"], form["To"], body, "outbound-api", "queued")
        message.media, message.media_urls = len(urls), urls
        message.callback = form.get("StatusCallback")
        message.at = format_datetime(datetime.now(UTC))
        self.all.append(message)
        for status, code in self.fate.get(message.to, [("sent", ""), ("delivered", "")]):
            self._progress(message, status, code)
        return self._row(message)

    def get(self, rest: list[str], query: Mapping[str, str]) -> Any:
        if not rest:
            return {"messages": [self._row(m) for m in reversed(self.all)], "next_page_uri": None}
        message = next((m for m in self.all if m.sid == rest[0]), None)
        if message is None:
            raise Refused(404, 20404, "The requested resource was not found")
        if len(rest) == 2:
            rows = [{"uri": f"{self._media(message, i)}.json", "content_type": "image/png"}
                    for i in range(message.media)]  # fmt: skip
            return {"media_list": rows}
        return Response(PICTURE, media_type="image/png")

    def _check(self, form: Mapping[str, Any]) -> None:
        if set(form) - KNOWN:
            raise Refused(400, 20001, f"Unknown parameters {sorted(set(form) - KNOWN)}")
        if not form.get("To"):
            raise Refused(400, 21604, "A 'To' phone number is required.")
        if not form.get("From"):
            raise Refused(400, 21603, "A 'From' phone number is required.")
        urls = form.get("MediaUrl", ())
        if not form.get("Body") and not urls:
            raise Refused(400, 21602, "Message body is required.")
        if len(urls) > 10 or not all(re.match(r"https?://", url) for url in urls):
            raise Refused(400, 21620, "Invalid media URL(s)")
        if len(form.get("Body", "")) > 1600:
            raise Refused(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form["To"]):
            raise Refused(400, 21211, f"Invalid 'To' Phone Number: {form['To']}")
        if form["From"] != self.number:
            raise Refused(
                400, 21606, "The 'From' phone number provided is not a valid message-capable number"
            )
        if form["To"] in self.opted_out:
            raise Refused(400, 21610, "Attempt to send to unsubscribed recipient")

    def _progress(self, message: Message, status: str, code: str) -> None:
        message.status = status
        fields = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "AccountSid": self.account,
            "From": message.sender,
            "To": message.to,
            "ApiVersion": "2010-04-01",
        }
        if code:
            fields["ErrorCode"] = code
        if message.callback:
            self.hooks.tell(status, message.callback, fields)

    def _media(self, message: Message, index: int) -> str:
        return f"/2010-04-01/Accounts/{self.account}/Messages/{message.sid}/Media/ME{index:032}"

    def _row(self, message: Message) -> dict[str, Any]:
        return {
            "sid": message.sid,
            "from": message.sender,
            "to": message.to,
            "body": message.body,
            "direction": message.direction,
            "status": message.status,
            "num_media": str(message.media),
            "date_sent": message.at,
            "error_code": None,
        }


def _sid(kind: str) -> str:
    return kind + secrets.token_hex(16)
