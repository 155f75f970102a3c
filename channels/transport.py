"""One exchange with the outside: HTTP or SMTP, to addresses that the tenant may reach, within a time."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final, Protocol

import aiosmtplib
import httpx

from app.outbound import ALLOW, AddressRefused, Network, may_reach
from channels.base import MailEnvelope, WireRequest, WireResponse

ANSWER_MAX_BYTES: Final = 64 * 1024
"""More of an answer than this tells an adapter nothing."""

_START_TLS: Final = {"starttls": True, "starttls_if_offered": None, "none": False, "implicit": False}


class NotReached(Exception):
    """Nobody answered: another attempt may help."""


class NotAllowed(Exception):
    """This address may not be reached, whatever the number of attempts."""


class Transport(Protocol):
    async def exchange(
        self, request: WireRequest | MailEnvelope, allowed: Sequence[Network], seconds: float
    ) -> WireResponse:
        """The other side's answer. Raises NotReached, NotAllowed."""


class NetworkTransport:
    """`http` is the process's one client, which refuses addresses that are not public or allowed."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def exchange(
        self, request: WireRequest | MailEnvelope, allowed: Sequence[Network], seconds: float
    ) -> WireResponse:
        try:
            async with asyncio.timeout(seconds):
                if isinstance(request, MailEnvelope):
                    return await _smtp(request, allowed, seconds)
                return await self._request(request, allowed)
        except TimeoutError:
            raise NotReached(f"no answer within {seconds:g} s") from None

    async def _request(self, request: WireRequest, allowed: Sequence[Network]) -> WireResponse:
        call = self._http.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            extensions={ALLOW: allowed},
        )
        try:
            async with call as answer:
                body = await _beginning(answer)
        except AddressRefused as error:
            raise NotAllowed(str(error)) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise NotAllowed(f"not an address: {error}") from None
        except httpx.HTTPError as error:
            raise NotReached(f"{type(error).__name__} {error}".strip()) from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return WireResponse(answer.status_code, headers, body)


async def _beginning(answer: httpx.Response) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) >= ANSWER_MAX_BYTES:
            break
    return body[:ANSWER_MAX_BYTES]


async def _smtp(mail: MailEnvelope, allowed: Sequence[Network], seconds: float) -> WireResponse:
    client = aiosmtplib.SMTP(
        hostname=mail.host,  # what its certificate must name
        sock=await _connected(mail, allowed),
        use_tls=mail.tls == "implicit",
        start_tls=_START_TLS[mail.tls],
        username=mail.username,
        password=mail.password,
        timeout=seconds,
    )
    try:
        async with client:
            _, answer = await client.sendmail(mail.sender, list(mail.recipients), mail.data)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        first = refused.recipients[0]
        return WireResponse(first.code, body=first.message.encode())
    except aiosmtplib.SMTPResponseException as refused:
        return WireResponse(refused.code, body=refused.message.encode())
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NotReached(f"{type(error).__name__} {error}".strip()) from None
    return WireResponse(250, body=answer.encode())


async def _connected(mail: MailEnvelope, allowed: Sequence[Network]) -> socket.socket:
    """A socket to the address that was checked: a name that resolves anew could lead elsewhere."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(mail.host, mail.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached(f"{mail.host} has no address: {error}") from None
    for family, kind, _, _, place in found:
        if may_reach(ipaddress.ip_address(str(place[0]).partition("%")[0]), allowed):
            return await _connect(socket.socket(family, kind), place)
    raise NotAllowed(f"{mail.host} is not a public address; see outbound_allow")


async def _connect(connection: socket.socket, place: tuple[object, ...]) -> socket.socket:
    connection.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connection, place)
    except OSError as error:
        connection.close()
        raise NotReached(f"{type(error).__name__} {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection
