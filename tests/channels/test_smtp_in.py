"""Real SMTP conversations with the door: what it takes, what it turns away, and that 250 means stored."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiosmtplib
import pytest

from channels.email.spf import Peer
from channels.smtp_in import SmtpDoor, SmtpLimits

MAIL = b"From: wang@example.test\r\nTo: support@acme.test\r\nSubject: hi\r\n\r\n.dot\r\nbye\r\n"
OURS = {"support@acme.test", "plus+tag@acme.test"}


@dataclass
class Store:
    """What a caller would do: know the mailboxes, keep the mails; or be out of order."""

    out_of_order: bool = False
    mails: list[tuple[str, Sequence[str], bytes]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)

    async def is_recipient(self, address: str) -> bool:
        if self.out_of_order and address.startswith("support"):
            raise ConnectionError("the database is away")
        return address in OURS

    async def deliver(self, peer: Peer, recipients: Sequence[str], raw: bytes) -> None:
        if self.out_of_order:
            raise ConnectionError("the log is away")
        self.peers.append(peer)
        self.mails.append((peer.mail_from, recipients, raw))


@asynccontextmanager
async def door(
    store: Store, limits: SmtpLimits | None = None, *, lmtp: bool = False
) -> AsyncIterator[SmtpDoor]:
    listening = SmtpDoor(store.is_recipient, store.deliver, limits, lmtp=lmtp)
    await listening.start("127.0.0.1", 0)
    try:
        yield listening
    finally:
        await listening.stop()


@asynccontextmanager
async def client(listening: SmtpDoor) -> AsyncIterator[aiosmtplib.SMTP]:
    smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=listening.port, start_tls=False, timeout=10)
    async with smtp:
        yield smtp


async def converse(listening: SmtpDoor, *sent: bytes) -> bytes:
    """Everything the door says to these bytes, until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    for piece in sent:
        writer.write(piece)
    writer.write(b"QUIT\r\n")
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


class TestDelivery:
    async def test_stored_before_it_is_answered(self) -> None:
        store = Store()
        async with door(store) as listening, client(listening) as smtp:
            await smtp.sendmail("wang@example.test", ["support@acme.test"], MAIL)
            assert store.mails == [("wang@example.test", ("support@acme.test",), MAIL)]

    async def test_several_mails_in_one_session(self) -> None:
        store = Store()
        async with door(store) as listening, client(listening) as smtp:
            for number in range(3):
                await smtp.sendmail(f"w{number}@example.test", ["support@acme.test"], MAIL)
        assert [sender for sender, _, _ in store.mails] == [f"w{number}@example.test" for number in range(3)]

    async def test_null_return_path(self) -> None:
        store = Store()
        async with door(store) as listening, client(listening) as smtp:
            await smtp.sendmail("", ["support@acme.test"], MAIL)
        assert store.mails[0][0] == ""

    async def test_eight_bit_and_long_lines(self) -> None:
        store = Store()
        raw = MAIL + "你好".encode("gb18030") * 50_000 + b"\r\n"
        async with door(store) as listening, client(listening) as smtp:
            await smtp.sendmail("w@example.test", ["support@acme.test"], raw, mail_options=["BODY=8BITMIME"])
        assert store.mails[0][2] == raw

    async def test_bare_line_feeds_smuggle_nothing(self) -> None:
        store = Store()
        smuggled = b"first\n.\nMAIL FROM:<evil@example.test>\nRCPT TO:<support@acme.test>\nDATA\nsecond\r\n"
        async with door(store) as listening:
            await converse(
                listening,
                b"EHLO x\r\nMAIL FROM:<w@example.test>\r\nRCPT TO:<support@acme.test>\r\nDATA\r\n",
                smuggled + b".\r\n",
            )
        assert [(sender, raw) for sender, _, raw in store.mails] == [("w@example.test", smuggled)]

    async def test_nothing_can_store_it(self) -> None:
        store = Store(out_of_order=True)
        async with door(store) as listening, client(listening) as smtp:
            await smtp.ehlo()
            await smtp.mail("w@example.test")
            await smtp.rcpt("plus+tag@acme.test")
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await smtp.data(MAIL)
            assert refused.value.code == 451
            store.out_of_order = False
            await smtp.sendmail("w@example.test", ["plus+tag@acme.test"], MAIL)
        assert len(store.mails) == 1

    async def test_mailboxes_are_not_known_now(self) -> None:
        async with door(Store(out_of_order=True)) as listening, client(listening) as smtp:
            await smtp.ehlo()
            await smtp.mail("w@example.test")
            with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
                await smtp.rcpt("support@acme.test")
            assert refused.value.code == 451


class TestRecipients:
    @pytest.mark.parametrize(
        ("address", "taken"),
        [
            ("support@ACME.test", "support@acme.test"),
            ("support+r.abc@acme.test", "support+r.abc@acme.test"),
            ("plus+tag@acme.test", "plus+tag@acme.test"),
        ],
    )
    async def test_ours(self, address: str, taken: str) -> None:
        store = Store()
        async with door(store) as listening, client(listening) as smtp:
            await smtp.sendmail("w@example.test", [address], MAIL)
        assert store.mails[0][1] == (taken,)

    @pytest.mark.parametrize(
        "address", ["sales@acme.test", "support@other.test", "support", "plus@acme.test", "+@acme.test"]
    )
    async def test_not_ours(self, address: str) -> None:
        async with door(Store()) as listening, client(listening) as smtp:
            await smtp.ehlo()
            await smtp.mail("w@example.test")
            with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
                await smtp.rcpt(address)
            assert refused.value.code == 550

    async def test_named_twice(self) -> None:
        store = Store()
        async with door(store) as listening, client(listening) as smtp:
            await smtp.sendmail("w@example.test", ["support@acme.test", "support@ACME.test"], MAIL)
        assert store.mails[0][1] == ("support@acme.test",)

    async def test_too_many(self) -> None:
        async with door(Store(), SmtpLimits(recipients=2)) as listening, client(listening) as smtp:
            await smtp.ehlo()
            await smtp.mail("w@example.test")
            for tag in "ab":
                await smtp.rcpt(f"support+{tag}@acme.test")
            with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
                await smtp.rcpt("support+c@acme.test")
            assert refused.value.code == 452


class TestLimits:
    async def test_size_announced_and_refused(self) -> None:
        async with door(Store(), SmtpLimits(mail_bytes=1000)) as listening, client(listening) as smtp:
            await smtp.ehlo()
            assert smtp.esmtp_extensions["size"] == "1000"
            with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
                await smtp.mail("w@example.test", options=["SIZE=1001"])
            assert refused.value.code == 552

    async def test_larger_than_it_said(self) -> None:
        store = Store()
        async with door(store, SmtpLimits(mail_bytes=1000)) as listening, client(listening) as smtp:
            await smtp.ehlo()
            await smtp.mail("w@example.test")
            await smtp.rcpt("support@acme.test")
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await smtp.data(MAIL + b"x" * 2000)
            assert refused.value.code == 552
            await smtp.sendmail("w@example.test", ["support@acme.test"], MAIL)
        assert len(store.mails) == 1

    async def test_too_many_connections(self) -> None:
        async with door(Store(), SmtpLimits(connections=1)) as listening:
            async with client(listening):
                assert (await converse(listening)).startswith(b"421 4.3.2")
            assert (await converse(listening)).startswith(b"220 ")


class TestHostile:
    @pytest.mark.parametrize(
        "sent",
        [
            b"\x00\xff\xfe\r\n",
            b"HELP " + b"x" * 400_000 + b"\r\n",
            b"EHLO \xff\xfe\r\nMAIL FROM:<\xff@\xff>\r\nRCPT TO:<\xff@acme.test>\r\n",
            b"MAIL FROM:<a@b.test>\r\nDATA\r\n.\r\n",
            b"EHLO x\r\nMAIL FROM:<a@b.test> SIZE=-1\r\nMAIL FROM:<a@b.test> SIZE=99999999999999999999\r\n",
            b"EHLO x\r\nMAIL FROM:" + b"<" * 400 + b"\r\nRCPT TO:" + b"(" * 400 + b"\r\nDATA x\r\n",
            b"AUTH LOGIN\r\nSTARTTLS\r\nVRFY x\r\nEXPN x\r\nTURN\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\r\n" * 50,
        ],
    )
    async def test_malformed_commands(self, sent: bytes) -> None:
        store = Store()
        async with door(store) as listening:
            assert (await converse(listening, sent)).startswith(b"220 ")
            async with client(listening) as smtp:
                await smtp.sendmail("w@example.test", ["support@acme.test"], MAIL)
        assert len(store.mails) == 1

    async def test_hangs_up_in_the_middle(self) -> None:
        store = Store()
        async with door(store) as listening:
            _, writer = await asyncio.open_connection("127.0.0.1", listening.port)
            writer.write(b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<support@acme.test>\r\nDATA\r\nhalf")
            await writer.drain()
            writer.close()
            async with client(listening) as smtp:
                await smtp.sendmail("w@example.test", ["support@acme.test"], MAIL)
        assert len(store.mails) == 1

    async def test_stopped_with_an_open_session(self) -> None:
        async with door(Store()) as listening:
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
            await reader.readline()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


class TestByLmtp:
    async def test_each_recipient_is_answered(self) -> None:
        store = Store()
        async with door(store, lmtp=True) as listening:
            answer = await converse(
                listening,
                b"LHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<support@acme.test>\r\n"
                b"RCPT TO:<eve@acme.test>\r\nRCPT TO:<plus+tag@acme.test>\r\nDATA\r\n" + MAIL + b".\r\n"
                b"MAIL FROM:<a@b.test>\r\nRCPT TO:<support@acme.test>\r\nDATA\r\n" + MAIL + b".\r\n",
            )
        assert answer.count(b"250 2.0.0 kept") == 3, "two for the first mail, one for the second"
        assert answer.count(b"550 ") == 1
        assert [mail[1] for mail in store.mails] == [
            ("support@acme.test", "plus+tag@acme.test"),
            ("support@acme.test",),
        ]

    async def test_too_large_for_each(self) -> None:
        async with door(Store(), SmtpLimits(mail_bytes=20), lmtp=True) as listening:
            answer = await converse(
                listening,
                b"LHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<support@acme.test>\r\n"
                b"RCPT TO:<plus+tag@acme.test>\r\nDATA\r\n" + b"x" * 100 + b"\r\n.\r\n",
            )
        assert answer.count(b"552 ") == 2

    async def test_the_other_greeting_is_refused(self) -> None:
        async with door(Store(), lmtp=True) as listening:
            assert b"500 " in await converse(listening, b"EHLO x\r\n")


class TestWhoBroughtIt:
    @pytest.mark.parametrize(("lmtp", "ip"), [(False, "127.0.0.1"), (True, "")])
    async def test_is_told_but_of_the_companys_own_server(self, lmtp: bool, ip: str) -> None:
        store = Store()
        async with door(store, lmtp=lmtp) as listening:
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
            hello = "LHLO" if lmtp else "EHLO"
            for command in (
                f"{hello} mx.example.com", "MAIL FROM:<a@example.com>", "RCPT TO:<support@acme.test>", "DATA",
                "Subject: hi\r\n\r\nHello.\r\n.", "QUIT",
            ):  # fmt: skip
                writer.write(command.encode() + b"\r\n")
            await reader.read()
            writer.close()
            await writer.wait_closed()
        assert store.peers == [Peer(ip, "mx.example.com", "a@example.com")]
