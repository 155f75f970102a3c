"""Mails of ours: what is in them, that nobody can write a header into them, and what SMTP's answers mean."""

import email
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import aiosmtplib
import pytest

from app.errors import BadSignature
from app.events import Address
from channels.base import (
    MailEnvelope,
    OutboundAttachment,
    OutboundMessage,
    SendOutcome,
    Unsendable,
    WireResponse,
)
from channels.email import EmailAdapter, EmailConfig
from channels.email.parser import MailParser
from channels.email.spf import Peer
from channels.email.thread import thread_of
from channels.smtp_in import SmtpDoor
from tests.channels.email.mails import captured, parse
from tests.channels.wire import post

INTERACTION = UUID("019364a0-0000-7000-8000-000000000001")
MESSAGE = OutboundMessage(
    touch_id=UUID(int=1),
    interaction_id=INTERACTION,
    provider_key="delivery/1",
    address=Address(kind="email", value="wang@example.test"),
    text="您好，\n订单已发出。",
    thread={"message_id": "c@qq.example", "references": ["a@x", "b@x"], "subject": "订单"},
    at=datetime(2026, 1, 2, 7, 4, 5, tzinfo=UTC),
)
ADDRESSES = [
    "a@b.test\r\nBcc: evil@x.test",
    "a@b.test\nRCPT TO:<evil@x.test>",
    "a@b.test, evil@x.test",
    "a@b.test>",
    "王@b.test",
    "a@" + "x" * 70 + ".test",
    "a@..test",
    "",
]
ANSWERS = {
    250: SendOutcome.SENT,
    251: SendOutcome.SENT,
    421: SendOutcome.RETRY,
    450: SendOutcome.RETRY,
    452: SendOutcome.RETRY,
    500: SendOutcome.REJECTED,
    535: SendOutcome.RETRY,
    550: SendOutcome.REJECTED,
    552: SendOutcome.REJECTED,
    554: SendOutcome.REJECTED,
}


def adapter(**config: Any) -> EmailAdapter:
    base = {
        "address": "support@acme.test",
        "from_name": "Acme 客服",
        "smtp": {"host": "mail.test", "port": 25},
        "reply_secret": "s" * 32,
    }
    return EmailAdapter(EmailConfig.model_validate(base | config))


def rendered(message: OutboundMessage, **config: Any) -> EmailMessage:
    parsed = email.message_from_bytes(adapter(**config).render(message).data, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


class TestRender:
    def test_envelope(self) -> None:
        smtp = {"host": "mail.test", "username": "u", "password": "p"}
        envelope = adapter(smtp=smtp).render(MESSAGE)
        assert isinstance(envelope, MailEnvelope)
        assert (envelope.host, envelope.port, envelope.tls) == ("mail.test", 587, "starttls")
        assert (envelope.sender, envelope.recipients) == ("support@acme.test", ("wang@example.test",))
        assert (envelope.username, envelope.password) == ("u", "p")
        assert "p'" not in repr(envelope)

    @pytest.mark.parametrize(
        ("smtp", "tls"),
        [
            ({"port": 465}, "implicit"),
            ({"port": 25}, "starttls_if_offered"),
            ({"port": 25, "username": "u"}, "starttls"),
            ({"port": 25, "username": "u", "tls": "none"}, "none"),
        ],
    )
    def test_security(self, smtp: dict[str, Any], tls: str) -> None:
        assert adapter(smtp={"host": "mail.test", **smtp}).render(MESSAGE).tls == tls

    def test_headers(self) -> None:
        mail = rendered(MESSAGE)
        assert mail["From"].addresses[0].display_name == "Acme 客服"
        assert mail["Subject"] == "Re: 订单"
        assert mail["To"] == "wang@example.test"
        assert mail["In-Reply-To"] == "<c@qq.example>"
        assert mail["References"] == "<a@x> <b@x> <c@qq.example>"
        assert mail["Date"].datetime == MESSAGE.at
        assert mail["Message-ID"].strip("<>") == adapter().message_id("delivery/1")
        assert mail["Auto-Submitted"] is None

    def test_the_same_at_every_attempt(self) -> None:
        headers = [adapter().render(MESSAGE).data.partition(b"\r\nMIME-Version")[0] for _ in range(2)]
        assert headers[0] == headers[1]
        assert adapter().message_id("delivery/2") != adapter().message_id("delivery/1")

    def test_wire_form(self) -> None:
        long_id = "x" * 200 + "@example.test"
        message = replace(MESSAGE, thread={"message_id": long_id, "subject": "长" * 200})
        data = adapter(from_name="客" * 50).render(message).data
        lines = data.split(b"\r\n")
        assert data.isascii()
        assert b"\n" not in data.replace(b"\r\n", b"")
        assert max(map(len, lines)) < 998
        assert f"In-Reply-To: <{long_id}>".encode() in lines
        assert parse(data).subject == "Re: " + "长" * 200

    def test_text_and_html(self) -> None:
        mail = rendered(replace(MESSAGE, html="<p onclick=x>您好</p><script>1</script>"))
        assert part(mail, "plain") == "您好，\n订单已发出。\n"
        assert part(mail, "html") == "<p>您好</p>\n"

    def test_html_alone(self) -> None:
        assert part(rendered(replace(MESSAGE, text="", html="<p>a</p><p>b</p>")), "plain") == "a\n\nb\n"

    def test_attachments(self) -> None:
        files = (
            OutboundAttachment("发票.pdf", "application/pdf", b"%PDF"),
            OutboundAttachment("a\r\nBcc: x", "nonsense\r\nX: y", b"\x00\xff"),
            OutboundAttachment("m.eml", "message/rfc822", b"Subject: x\r\n\r\nhi"),
        )
        mail = rendered(replace(MESSAGE, attachments=files))
        found = [
            (file.get_filename(), file.get_content_type(), file.get_content())
            for file in mail.iter_attachments()
        ]
        assert found == [
            ("发票.pdf", "application/pdf", b"%PDF"),
            ("a Bcc_ x", "application/octet-stream", b"\x00\xff"),
            ("m.eml", "application/octet-stream", b"Subject: x\r\n\r\nhi"),
        ]

    def test_automatic(self) -> None:
        mail = rendered(replace(MESSAGE, automatic=True))
        assert (mail["Auto-Submitted"], mail["X-Touchpoint-Loop"]) == ("auto-replied", "support@acme.test")
        assert parse(adapter().render(replace(MESSAGE, automatic=True)).data).is_automatic

    @pytest.mark.parametrize(
        ("subject", "thread", "expected"),
        [
            ("Own", {}, "Own"),
            (None, {"subject": "RE: x"}, "RE: x"),
            (None, {"subject": "回复：x"}, "回复：x"),
            (None, {}, ""),
            ("a\r\nBcc: evil@x.test", {}, "a Bcc: evil@x.test"),
            (None, {"subject": "x\r\nBcc: evil@x.test"}, "Re: x Bcc: evil@x.test"),
        ],
    )
    def test_subject(self, subject: str | None, thread: dict[str, str], expected: str) -> None:
        mail = rendered(replace(MESSAGE, subject=subject, thread=thread))
        assert (mail["Subject"], mail["Bcc"]) == (expected, None)

    @pytest.mark.parametrize("message_id", ["a>\r\nBcc: evil@x.test", "a b", "", None, 7, "é@x"])
    def test_rubbish_in_the_thread(self, message_id: object) -> None:
        mail = rendered(replace(MESSAGE, thread={"message_id": message_id, "references": ["a@x"]}))
        assert (mail["In-Reply-To"], mail["References"], mail["Bcc"]) == (None, None, None)

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_address_that_no_header_can_hold(self, address: str) -> None:
        with pytest.raises(Unsendable):
            adapter().render(replace(MESSAGE, address=Address(kind="email", value=address)))

    def test_domain_in_chinese(self) -> None:
        envelope = adapter().render(replace(MESSAGE, address=Address(kind="email", value="li@例子.test")))
        assert envelope.recipients == ("li@xn--fsqu00a.test",)


class TestInterpret:
    @pytest.mark.parametrize(("status", "outcome"), ANSWERS.items())
    def test_code(self, status: int, outcome: SendOutcome) -> None:
        assert adapter().interpret(WireResponse(status)).outcome is outcome

    def test_reason(self) -> None:
        result = adapter().interpret(WireResponse(550, body=b"5.1.1 User\r\nunknown \xff" + b"x" * 1000))
        assert result.reason is not None
        assert result.reason.startswith("SMTP 550 5.1.1 User unknown")
        assert len(result.reason) == 200


class TestWebhook:
    def test_there_is_none(self) -> None:
        with pytest.raises(BadSignature):
            adapter().verify(post(b""))
        assert adapter().parse(post(b"")) == ()


class TestConversation:
    async def test_reply_finds_its_interaction(self) -> None:
        """The customer's mail, our reply over real SMTP, and what their mail program makes of it."""
        received: list[bytes] = []

        async def everyone(address: str) -> bool:
            return True

        async def keep(peer: Peer, recipients: Sequence[str], raw: bytes) -> None:
            received.append(raw)

        first = parse(captured("qq_reply.eml"))
        assert first.sender is not None
        address = Address(kind="email", value=first.sender.address)
        envelope = adapter().render(replace(MESSAGE, address=address, thread=thread_of(first)))
        door = SmtpDoor(everyone, keep)
        await door.start("127.0.0.1", 0)
        try:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=door.port, start_tls=False) as smtp:
                await smtp.sendmail(envelope.sender, list(envelope.recipients), envelope.data)
        finally:
            await door.stop()
        async with MailParser() as parser:
            ours = await parser.parse(received[0])
        assert ours.text == MESSAGE.text
        assert ours.in_reply_to == (first.message_id,)
        answer = first.model_copy(
            update={"to": ours.reply_to, "in_reply_to": (ours.message_id,), "references": ()}
        )
        keys = adapter().thread_keys(answer)
        assert (keys.interaction_id, keys.message_ids) == (INTERACTION, (adapter().message_id("delivery/1"),))


class TestASignature:
    def test_stands_below_text_and_html(self) -> None:
        sent = rendered(replace(MESSAGE, text="Hello", html="<p>Hello</p>"), signature="Acme <客服>\n400-123")
        assert part(sent, "plain").rstrip() == "Hello\n\n-- \nAcme <客服>\n400-123"
        assert "Acme &lt;客服&gt;<br>400-123" in part(sent, "html")
