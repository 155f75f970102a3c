"""Mails of ours, signed, through a real Postfix to who verifies them."""

import asyncio
import base64
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import dkim
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.events import Address
from channels.base import MailEnvelope, OutboundAttachment, OutboundMessage
from channels.email import EmailAdapter, EmailConfig
from channels.email.signing import signed
from channels.email.spf import Peer
from channels.smtp_in import SmtpDoor
from channels.transport import NetworkTransport
from tests.platforms.postfix import running_postfix
from tests.waiting import eventually

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
LOOPBACK = (ip_network("127.0.0.0/8"),)


def adapter(port: int = 25, **changed: Any) -> EmailAdapter:
    config = {
        "address": "support@acme.test",
        "from_name": "客服",
        "smtp": {"host": "127.0.0.1", "port": port, "tls": "none"},
        "dkim": {"selector": "mail", "private_key": PEM, **changed},
    }
    return EmailAdapter(EmailConfig.model_validate(config))


def envelope(port: int = 25) -> MailEnvelope:
    message = OutboundMessage(
        touch_id=UUID(int=1),
        interaction_id=UUID(int=2),
        provider_key="key",
        address=Address(kind="email", value="wang@example.test"),
        text="您好，\n.a line with a dot\n\n谢谢。\n",
        html="<p>您好</p>",
        subject="发票问题，请查收附件中的说明文件和付款方式",
        attachments=(OutboundAttachment("说明.txt", "text/plain", b"hello\n" * 100),),
        at=datetime(2026, 11, 29, 12, tzinfo=UTC),
    )
    return adapter(port).render(message)


def public_key(name: bytes, timeout: int = 5) -> bytes | None:
    """What DNS would say."""
    if name.rstrip(b".") != b"mail._domainkey.acme.test":
        return None
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


class TestASignedMail:
    async def test_is_still_good_behind_a_relay(self) -> None:
        got: list[bytes] = []

        async def keep(_peer: Peer, _recipients: Any, raw: bytes) -> None:
            got.append(raw)

        async def anybody(_mailbox: str) -> bool:
            return True

        sink = SmtpDoor(anybody, keep)
        await sink.start("127.0.0.1", 0)
        try:
            async with running_postfix(sink.port) as postfix, httpx.AsyncClient() as http:
                answer = await NetworkTransport(http).exchange(envelope(postfix.port), LOOPBACK, 30)
                assert answer.status == 250
                await eventually(lambda: got, seconds=30)
        finally:
            await sink.stop()
        assert b"Received: from" in got[0], "it went through Postfix"
        assert await asyncio.to_thread(dkim.verify, got[0], dnsfunc=public_key)

    def test_is_no_longer_good_when_its_words_change(self) -> None:
        mail = envelope()
        assert mail.sign_with is not None
        good = signed(mail.data, mail.sign_with)
        assert dkim.verify(good, dnsfunc=public_key)
        assert not dkim.verify(good.replace(b"Subject: ", b"Subject: x", 1), dnsfunc=public_key)


class TestASetUp:
    @pytest.mark.parametrize(
        "key",
        [
            "no key",
            ec.generate_private_key(ec.SECP256R1())
            .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            .decode(),
        ],
        ids=["no key", "not RSA"],
    )
    def test_names_what_is_wrong_with_the_key_and_not_the_key(self, key: str) -> None:
        with pytest.raises(ValueError, match=r"dkim.private_key") as refused:
            adapter(private_key=key)
        assert "is no" in str(refused.value)

    def test_signs_for_another_domain_where_it_says_so(self) -> None:
        key = adapter(domain="mail.acme.test").config.signing_key
        assert key is not None and key.domain == "mail.acme.test"
