"""One exchange with the outside: HTTP or SMTP, to addresses that the tenant may reach, within a time."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

import aiosmtplib
import httpx

from app.outbound import ALLOW, AddressRefused, Network, may_reach
from channels.base import MailEnvelope, WireRequest, WireResponse
from channels.email.signing import signed

REDIRECTS_MAX: Final = 5
_PASSED_ON: Final = frozenset({"accept", "accept-language", "user-agent"})
"""What another host than the one that was asked is told: nothing that proves who we are."""

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
        """A GET follows redirects, each to an address that is checked like the first."""
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._answered(request, allowed)
            target = _redirected(request, answer)
            if target is None:
                return answer
            request = target
        raise NotReached(f"more than {REDIRECTS_MAX} redirects")

    async def _answered(self, request: WireRequest, allowed: Sequence[Network]) -> WireResponse:
        call = self._http.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            extensions={ALLOW: allowed},
        )
        try:
            async with call as answer:
                body = await _beginning(answer, request.answer_max_bytes)
        except AddressRefused as error:
            raise NotAllowed(str(error)) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise NotAllowed(f"not a request: {error}") from None
        except httpx.HTTPError as error:
            raise NotReached(f"{type(error).__name__} {error}".strip()) from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return WireResponse(answer.status_code, headers, body)


def _redirected(request: WireRequest, answer: WireResponse) -> WireRequest | None:
    """The request that the answer sends us to; None: it is the last word. Raises NotAllowed."""
    place = answer.headers.get("location")
    if request.method != "GET" or answer.status not in (301, 302, 303, 307, 308) or not place:
        return None
    try:
        here = httpx.URL(request.url)
        there = here.join(place)
    except httpx.InvalidURL as error:
        raise NotAllowed(f"redirected to no address: {error}") from None
    if here.scheme == "https" and there.scheme != "https":
        raise NotAllowed(f"redirected from https to {there.scheme}")
    headers = request.headers
    if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        headers = {name: value for name, value in headers.items() if name in _PASSED_ON}
    return replace(request, url=str(there), headers=headers)


async def _beginning(answer: httpx.Response, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) >= limit_bytes:
            break
    return bytes(body[:limit_bytes])


async def _smtp(mail: MailEnvelope, allowed: Sequence[Network], seconds: float) -> WireResponse:
    key, token = mail.sign_with, mail.access_token
    data = mail.data if key is None else await asyncio.to_thread(signed, mail.data, key)
    client = aiosmtplib.SMTP(
        hostname=mail.host,  # what its certificate must name
        sock=await connected(mail.host, mail.port, allowed),
        use_tls=mail.tls == "implicit",
        start_tls=_START_TLS[mail.tls],
        username=mail.username,
        password=mail.password,
        oauth_token_generator=None if token is None else _giving(token),
        timeout=seconds,
    )
    try:
        async with client:
            _, answer = await client.sendmail(mail.sender, list(mail.recipients), data)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        first = refused.recipients[0]
        return WireResponse(first.code, body=first.message.encode())
    except aiosmtplib.SMTPResponseException as refused:
        return WireResponse(refused.code, body=refused.message.encode())
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NotReached(f"{type(error).__name__} {error}".strip()) from None
    return WireResponse(250, body=answer.encode())


def _giving(token: str) -> Callable[[], Awaitable[str]]:
    async def give() -> str:
        return token

    return give


async def connected(host: str, port: int, allowed: Sequence[Network]) -> socket.socket:
    """A socket to the address that was checked: a name that resolves anew could lead elsewhere.

    Raises NotReached, NotAllowed."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached(f"{host} has no address: {error}") from None
    for family, kind, _, _, place in found:
        if may_reach(ipaddress.ip_address(str(place[0]).partition("%")[0]), allowed):
            return await _connect(socket.socket(family, kind), place)
    raise NotAllowed(f"{host} is not a public address; see outbound_allow")


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
