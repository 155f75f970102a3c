"""Real sockets: HTTP and SMTP on loopback, and addresses that may not be reached."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from app.outbound import networks, outbound_client
from channels.base import MailEnvelope, WireRequest
from channels.transport import NetworkTransport, NotAllowed, NotReached

LOOPBACK = networks(["127.0.0.0/8"])


@dataclass
class Mailbox:
    """An SMTP server that refuses some recipients."""

    port: int = 0
    taken: list[tuple[str, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "451 4.3.0 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append((envelope.mail_from, envelope.content))
        return "250 2.0.0 queued as 42"


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def http(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that says one thing; the port, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def transport() -> AsyncIterator[NetworkTransport]:
    async with outbound_client() as client:
        yield NetworkTransport(client)


def mail(port: int, to: str = "wang@example.test") -> MailEnvelope:
    data = b"Subject: hi\r\n\r\nhello\r\n"
    return MailEnvelope("127.0.0.1", port, "support@acme.test", [to], data, tls="none")


def request(port: int, host: str = "127.0.0.1") -> WireRequest:
    return WireRequest("POST", f"http://{host}:{port}/x", {"content-type": "text/plain"}, b"hi")


def get(port: int) -> WireRequest:
    return WireRequest("GET", f"http://127.0.0.1:{port}/x", {"authorization": "Basic c2VjcmV0"}, b"")


class TestSmtp:
    async def test_a_mail_is_taken(self, transport: NetworkTransport) -> None:
        async with mailbox() as box:
            answer = await transport.exchange(mail(box.port), LOOPBACK, 5)
        assert (answer.status, b"42" in answer.body) == (250, True)
        assert box.taken == [("support@acme.test", b"Subject: hi\r\n\r\nhello\r\n")]

    @pytest.mark.parametrize(("to", "status"), [("nobody@example.test", 550), ("later@example.test", 451)])
    async def test_the_servers_refusal_is_the_answer(
        self, transport: NetworkTransport, to: str, status: int
    ) -> None:
        async with mailbox() as box:
            answer = await transport.exchange(mail(box.port, to), LOOPBACK, 5)
        assert answer.status == status

    async def test_an_address_that_is_not_public_is_not_reached(self, transport: NetworkTransport) -> None:
        async with mailbox() as box:
            with pytest.raises(NotAllowed):
                await transport.exchange(mail(box.port), (), 5)
        assert box.taken == []

    async def test_nobody_there(self, transport: NetworkTransport) -> None:
        async with mailbox() as box:
            port = box.port
        with pytest.raises(NotReached):
            await transport.exchange(mail(port), LOOPBACK, 5)

    async def test_a_server_that_says_nothing(self, transport: NetworkTransport) -> None:
        hold = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await hold.wait()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        try:
            with pytest.raises(NotReached):
                await transport.exchange(mail(server.sockets[0].getsockname()[1]), LOOPBACK, 0.2)
        finally:
            hold.set()
            server.close()
            await server.wait_closed()


class TestHttp:
    async def test_the_answer_with_its_headers(self, transport: NetworkTransport) -> None:
        answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno"
        async with http(answer) as (port, asked):
            got = await transport.exchange(request(port), LOOPBACK, 5)
        assert (got.status, got.headers["retry-after"], got.body) == (429, "7", b"no")
        assert asked[0].startswith(b"POST /x HTTP/1.1")

    async def test_a_post_does_not_follow_a_redirect(self, transport: NetworkTransport) -> None:
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
        async with http(answer) as (port, _):
            assert (await transport.exchange(request(port), LOOPBACK, 5)).status == 302

    async def test_a_get_follows_redirects_and_proves_nothing_to_strangers(
        self, transport: NetworkTransport
    ) -> None:
        file = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile"
        async with http(file) as (port, asked):
            move = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/f\r\nContent-Length: 0\r\n\r\n"
            async with http(move.encode()) as (first, first_asked):
                answer = await transport.exchange(get(first), LOOPBACK, 5)
        assert (answer.status, answer.body) == (200, b"file")
        assert b"authorization: Basic" in first_asked[0]
        assert b"authorization" not in asked[0]

    async def test_a_redirect_to_what_is_not_public_is_refused(self, transport: NetworkTransport) -> None:
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
        async with http(answer) as (port, _):
            with pytest.raises(NotAllowed):
                await transport.exchange(get(port), LOOPBACK, 5)

    async def test_redirects_in_a_circle_end(self, transport: NetworkTransport) -> None:
        answer = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
        async with http(answer) as (port, asked):
            with pytest.raises(NotReached):
                await transport.exchange(get(port), LOOPBACK, 5)
        assert len(asked) == 6

    async def test_of_a_long_answer_the_beginning(self, transport: NetworkTransport) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500
        async with http(answer) as (port, _):
            short = replace(get(port), answer_max_bytes=100)
            assert (await transport.exchange(short, LOOPBACK, 5)).body == b"x" * 100

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"])
    async def test_an_address_that_is_not_public(self, transport: NetworkTransport, host: str) -> None:
        with pytest.raises(NotAllowed):
            await transport.exchange(request(80, host), (), 5)

    async def test_rubbish_for_an_answer(self, transport: NetworkTransport) -> None:
        async with http(b"rubbish\r\n\r\n") as (port, _):
            with pytest.raises(NotReached):
                await transport.exchange(request(port), LOOPBACK, 5)
