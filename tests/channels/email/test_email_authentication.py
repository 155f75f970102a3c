"""Who a mail is from: verified by us with a real DNS server, or as the server wrote it that is believed."""

import base64
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from channels.base import DkimKey
from channels.email.authentication import believed
from channels.email.parser import MailParser
from channels.email.signing import signed
from channels.email.spf import Peer
from tests.channels.email.mails import captured, parse
from tests.platforms.dns import DnsServer, running_dns

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
RECORD = f"v=DKIM1; k=rsa; p={PUBLIC.decode()}"
MAIL = b"From: Wang <wang@example.com>\r\nTo: support@acme.test\r\nSubject: hi\r\n\r\nHello.\r\n"


@pytest.fixture(scope="module")
async def verifier() -> AsyncIterator[MailParser]:
    async with MailParser(processes=1) as pool:
        yield pool


@pytest.fixture
async def names() -> AsyncIterator[DnsServer]:
    async with running_dns() as server:
        server.records["s._domainkey.example.com"] = RECORD
        server.records["_dmarc.example.com"] = "v=DMARC1; p=reject"
        yield server


def by(domain: str, mail: bytes = MAIL) -> bytes:
    return signed(mail, DkimKey("s", domain, PEM))


async def results(
    verifier: MailParser, names: DnsServer, raw: bytes, peer: Peer | None = None
) -> dict[str, str]:
    return await verifier.verify(raw, "example.com", [("127.0.0.1", names.port)], peer)


class TestVerified:
    async def test_as_it_was_signed(self, verifier: MailParser, names: DnsServer) -> None:
        found = await results(verifier, names, by("example.com"))
        assert found == {"dkim": "pass", "arc": "none", "dmarc": "pass"}

    async def test_changed_on_the_way(self, verifier: MailParser, names: DnsServer) -> None:
        raw = by("example.com").replace(b"Hello.", b"Pay 4711 to me.")
        assert (await results(verifier, names, raw)) == {"dkim": "fail", "arc": "none", "dmarc": "fail"}

    async def test_signed_by_somebody_else_says_nothing_of_the_sender(
        self, verifier: MailParser, names: DnsServer
    ) -> None:
        names.records["s._domainkey.eve.test"] = RECORD
        assert (await results(verifier, names, by("eve.test"))) == {"dkim": "pass", "arc": "none"}

    async def test_signed_by_a_subdomain_where_the_domain_is_strict(
        self, verifier: MailParser, names: DnsServer
    ) -> None:
        names.records["s._domainkey.mail.example.com"] = RECORD
        assert (await results(verifier, names, by("mail.example.com")))["dmarc"] == "pass"
        names.records["_dmarc.example.com"] = "v=DMARC1; p=reject; adkim=s"
        assert "dmarc" not in await results(verifier, names, by("mail.example.com"))

    async def test_where_the_key_is_gone(self, verifier: MailParser, names: DnsServer) -> None:
        del names.records["s._domainkey.example.com"]
        assert (await results(verifier, names, by("example.com")))["dkim"] == "permerror"

    async def test_where_dns_is_silent_is_given_up_in_time(
        self, verifier: MailParser, names: DnsServer
    ) -> None:
        names.silent = True
        assert (await results(verifier, names, by("example.com")))["dkim"] == "temperror"

    async def test_of_many_signatures_only_some_are_looked_at(
        self, verifier: MailParser, names: DnsServer
    ) -> None:
        raw = MAIL
        for number in range(20):
            raw = by(f"eve{number}.test", raw)
        await results(verifier, names, raw)
        assert len(names.asked) <= 4

    @pytest.mark.parametrize(
        "header",
        [b"", b"v=1", b";;;;", b"d=b.test; s=s; b=!!; bh=!!; h=from; a=rsa-sha256", b"\xff" * 90],
    )
    async def test_malformed(self, verifier: MailParser, names: DnsServer, header: bytes) -> None:
        found = await results(verifier, names, b"DKIM-Signature: " + header + b"\r\n" + MAIL)
        assert found["dkim"] in ("permerror", "fail")


OUTSIDE = Peer("192.0.2.10", "mail.example.com", "wang@example.com")


class TestSpf:
    @pytest.mark.parametrize(
        ("record", "dmarc"),
        [("v=spf1 ip4:192.0.2.0/24 -all", "pass"), ("v=spf1 -all", "fail"), ("v=spf1 ?all", "fail")],
    )
    async def test_decides_where_nothing_is_signed(
        self, verifier: MailParser, names: DnsServer, record: str, dmarc: str
    ) -> None:
        names.records["example.com"] = record
        found = await results(verifier, names, MAIL, OUTSIDE)
        assert (found["dkim"], found["dmarc"]) == ("none", dmarc)

    async def test_of_a_stranger_says_nothing_for_from(self, verifier: MailParser, names: DnsServer) -> None:
        names.records["eve.test"] = "v=spf1 +all"
        eve = Peer("192.0.2.10", "mail.eve.test", "eve@eve.test")
        found = await results(verifier, names, MAIL, eve)
        assert (found["spf"], found["dmarc"]) == ("pass", "fail")

    async def test_of_a_near_domain_is_left_open(self, verifier: MailParser, names: DnsServer) -> None:
        names.records["mail.example.com"] = "v=spf1 +all"
        names.records["_dmarc.shop.example.com"] = "v=DMARC1; p=reject"
        bounces = Peer("192.0.2.10", "x", "bounces@mail.example.com")
        raw, server = MAIL.replace(b"example.com", b"shop.example.com"), [("127.0.0.1", names.port)]
        found = await verifier.verify(raw, "shop.example.com", server, bounces)
        assert found["spf"] == "pass" and "dmarc" not in found

    async def test_a_good_signature_is_enough(self, verifier: MailParser, names: DnsServer) -> None:
        names.records["example.com"] = "v=spf1 -all"
        found = await results(verifier, names, by("example.com"), OUTSIDE)
        assert found == {"dkim": "pass", "arc": "none", "spf": "fail", "dmarc": "pass"}


class TestArc:
    """A list has taken the mail, seen that it was good, and sealed that; by dkimpy, with this key."""

    SEALED = captured("arc_sealed.eml")
    KEY = (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDx2vmEz8fp3z0+mNscXkaZtSrfCijbHZVz606+"
        "wnjhGQM3igDCZiKXklxDF963DjEuF5XKr8a9RTFg5G/iYwaPpPXPb0FLkMPLk9B30tHX7ZOeSVUacP6uvWeRDkNJ"
        "GnT9vuPMs7b2F2yG5L+FLKWOJY8aaY9SvJ0PY47acj6+ewIDAQAB"
    )

    async def test_as_it_was_sealed(self, verifier: MailParser, names: DnsServer) -> None:
        names.records["s._domainkey.list.test"] = self.KEY
        assert (await results(verifier, names, self.SEALED))["arc"] == "pass"

    async def test_changed_afterwards(self, verifier: MailParser, names: DnsServer) -> None:
        names.records["s._domainkey.list.test"] = self.KEY
        raw = self.SEALED.replace(b"Hello.", b"Pay 4711 to me.")
        assert (await results(verifier, names, raw))["arc"] == "fail"

    async def test_by_somebody_else(self, verifier: MailParser, names: DnsServer) -> None:
        names.records["s._domainkey.list.test"] = RECORD
        assert (await results(verifier, names, self.SEALED))["arc"] == "fail"


class TestWrittenDown:
    RAW = (
        b"Authentication-Results: mx.acme.test (really; yes) 1;\r\n"
        b" spf=pass (sender; ok) smtp.mailfrom=wang@example.com;\r\n"
        b' dkim=fail reason="x" header.d=example.com; dmarc=FAIL; auth=none\r\n'
        b"Authentication-Results: mx.acme.test; dkim=pass\r\n"
        b"Authentication-Results: eve.test; dmarc=pass\r\n" + MAIL
    )

    def test_by_the_server_that_is_believed(self) -> None:
        found = believed(parse(self.RAW).authentication, "MX.acme.test")
        assert found == {"by": "mx.acme.test", "spf": "pass", "dkim": "fail", "dmarc": "fail"}

    def test_by_nobody_that_is_believed(self) -> None:
        assert believed(parse(self.RAW).authentication, "mx.other.test") == {}
