"""A mail of ours as bytes. Top headers are written here: stdlib folds long message ids into encoded words."""

import re
from collections.abc import Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from app.addresses import email_address
from app.text import clean_line, clean_text
from channels.base import OutboundAttachment, OutboundMessage, Unsendable
from channels.email.files import clean_name
from channels.email.html_text import cut_html, safe_html, text_of_html
from channels.email.limits import MailLimits
from channels.email.loops import LOOP_HEADER

SUBJECT_CHARS: Final = 300

_POLICY: Final = SMTP.clone(cte_type="7bit")
_LIMITS: Final = MailLimits()
_KIND: Final = re.compile(r"(application|audio|font|image|model|text|video)/([A-Za-z0-9!#$&^_.+-]{1,80})")
_MESSAGE_ID: Final = re.compile(r"[^<>\s\x00-\x20\x7f-\U0010ffff]{1,250}")
_REPLY: Final = re.compile(r"(?:re|aw|sv|antw|回复|回覆|答复|答覆)\s*[:：]", re.IGNORECASE)


def compose(
    message: OutboundMessage,
    *,
    sender: str,
    from_name: str,
    reply_to: str,
    message_id: str,
    signature: str = "",
) -> bytes:
    """The whole message with CRLF line ends. Raises Unsendable for an address that no header can hold."""
    headers = [
        ("From", mailbox(from_name, sender)),
        ("To", mailbox("", message.address.value)),
        ("Reply-To", mailbox(from_name, reply_to)),
        ("Subject", _encoded("Subject", _subject(message))),
        ("Message-ID", f"<{message_id}>"),
        *_thread(message),
        *([("Date", format_datetime(message.at))] if message.at else []),
        *(_automatic(sender) if message.automatic else []),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return lines.encode("ascii") + _content(message, signature).as_bytes(policy=_POLICY)


def mailbox(name: str, address: str) -> str:
    """`name <address>` as a header holds it. Raises Unsendable."""
    ascii_address = wire_address(address)
    words = clean_line(name)
    if not words:
        return ascii_address
    if words.isascii():
        quoted = words.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{ascii_address}>'
    return f"{Header(words, 'utf-8', maxlinelen=75).encode(linesep=chr(13) + chr(10))} <{ascii_address}>"


def wire_address(address: str) -> str:
    """The address for SMTP: its domain in ASCII. Raises Unsendable for what is no address, a line break in it
    above all, and for a local part that only SMTPUTF8 could carry."""
    checked = email_address(address)
    if checked is None or checked != address.strip() or not checked.rpartition("@")[0].isascii():
        raise Unsendable("this mail address cannot be written to")
    local, _, domain = checked.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Unsendable("this mail address cannot be written to") from None


def _subject(message: OutboundMessage) -> str:
    """The given one, else the thread's with `Re:` before it."""
    own = clean_line(message.subject or "")
    if own:
        return own[:SUBJECT_CHARS]
    thread = clean_line(str(message.thread.get("subject") or ""))[:SUBJECT_CHARS]
    return thread if not thread or _REPLY.match(thread) else f"Re: {thread}"


def _encoded(name: str, value: str) -> str:
    if value.isascii() and len(value) < 900:
        return value
    return Header(value, "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")


def _thread(message: OutboundMessage) -> list[tuple[str, str]]:
    answered = message.thread.get("message_id")
    ids = [*message.thread.get("references", ()), *([answered] if answered else [])]
    good = [f"<{found}>" for found in ids if isinstance(found, str) and _MESSAGE_ID.fullmatch(found)]
    if not good or answered is None or good[-1] != f"<{answered}>":
        return []
    return [("In-Reply-To", good[-1]), ("References", "\r\n ".join(dict.fromkeys(good)))]


def _automatic(sender: str) -> list[tuple[str, str]]:
    """RFC 3834, and Exchange's own."""
    return [
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        (LOOP_HEADER, wire_address(sender)),
    ]


def _content(message: OutboundMessage, signature: str) -> EmailMessage:
    content = EmailMessage(policy=_POLICY)
    html = message.html and safe_html(cut_html(message.html, _LIMITS.html_chars, _LIMITS.html_depth))
    text = clean_text(message.text) or (text_of_html(html) if html else "")
    if signature:
        text = f"{text.rstrip()}\n\n-- \n{clean_text(signature)}"
        html = html and f"{html}<p>-- <br>{escape(signature).replace(chr(10), '<br>')}</p>"
    content.set_content(text, charset="utf-8")
    if html:
        content.add_alternative(clean_text(html), subtype="html", charset="utf-8")
    _attach(content, message.attachments)
    return content


def _attach(content: EmailMessage, attachments: Sequence[OutboundAttachment]) -> None:
    for attachment in attachments:
        kind = _KIND.fullmatch(attachment.content_type)
        content.add_attachment(
            attachment.content,
            maintype=kind[1] if kind else "application",
            subtype=kind[2] if kind else "octet-stream",
            filename=clean_name(attachment.name) or "attachment",
        )
