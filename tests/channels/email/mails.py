"""Mails for tests: captured ones, and a parse without the process around it."""

from pathlib import Path

from channels.email.limits import MailLimits
from channels.email.mime import parse_mail
from channels.email.parsed import MailAttachment, ParsedMail

CAPTURED = Path(__file__).parent / "captured"


def captured(name: str) -> bytes:
    return (CAPTURED / name).read_bytes()


def parse(raw: bytes, limits: MailLimits | None = None) -> ParsedMail:
    members, files = parse_mail(raw, limits or MailLimits(), "gb18030")
    attachments = tuple(MailAttachment(**file.head, content=file.content) for file in files)
    return ParsedMail.model_validate({**members, "attachments": attachments})


def mail(*headers: str, body: str = "hi") -> bytes:
    return "\r\n".join([*headers, "", body]).encode()
