"""HTTP to addresses that tenants wrote down: only to public ones, unless the tenant's `outbound_allow` names
their network. The name is resolved here, once, and the connection goes to that very address."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Final

import httpx

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALLOW: Final = "outbound_allow"
"""The request extension that carries the tenant's networks."""

_TRANSLATED: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))
"""IPv6 forms that gateways turn into any IPv4 address."""


class AddressRefused(httpx.ConnectError):
    """The address is not public and no network of the tenant allows it."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Raises ValueError for what is no network."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def may_reach(address: Ip, allowed: Sequence[Network]) -> bool:
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in network for network in allowed):
        return True
    hidden = address.version == 6 and any(address in network for network in _TRANSLATED)
    return address.is_global and not address.is_multicast and not hidden


class PinnedTransport(httpx.AsyncBaseTransport):
    """Resolves, checks and pins the address of each request before it leaves."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = await _resolved(request, request.extensions.get(ALLOW, ()))
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=request.headers,  # with the Host that was asked for
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _resolved(request: httpx.Request, allowed: Sequence[Network]) -> Ip:
    host = request.url.host
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, request.url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} has no address: {error}", request=request) from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        if may_reach(address, allowed):
            return address
    raise AddressRefused(f"{host} is not a public address; see outbound_allow", request=request)


def outbound_client() -> httpx.AsyncClient:
    """The one HTTP client of a process. Redirects are not followed: they could lead anywhere."""
    transport = PinnedTransport(httpx.AsyncHTTPTransport(retries=0, limits=httpx.Limits(max_connections=600)))
    return httpx.AsyncClient(transport=transport, timeout=15, trust_env=False)
