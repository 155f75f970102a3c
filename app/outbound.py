"""HTTP to addresses that tenants wrote down: only to public ones, unless the tenant's `outbound_allow` names
their network. The name is resolved here, once, and the connection goes to that very address."""

import asyncio
import importlib.util
import ipaddress
import socket
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import httpx

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ALLOW: Final = "outbound_allow"
"""The request extension that carries the tenant's networks."""

POOLS: Final = 128
POOL_ROOM: Final = 4

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


class SmallPools(httpx.AsyncBaseTransport):
    """Many pools of few connections: a pool looks through all of its connections at each request, and with a
    hundred of them that cost six times the request itself. The first with room is taken, so that what is said
    seldom finds its connection again."""

    def __init__(self) -> None:
        trust = httpx.create_ssl_context(trust_env=False)  # read once: it takes 50 ms
        self._pools = [httpx.AsyncHTTPTransport(verify=trust, retries=0) for _ in range(POOLS)]
        self._under_way = [0] * POOLS

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = next((place for place, number in enumerate(self._under_way) if number < POOL_ROOM), None)
        if place is None:
            place = self._under_way.index(min(self._under_way))
        self._under_way[place] += 1
        try:
            return await self._pools[place].handle_async_request(request)
        finally:
            self._under_way[place] -= 1

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


async def _resolved(request: httpx.Request, allowed: Sequence[Network]) -> Ip:
    host = request.url.host
    for address in await _addresses(request):
        if may_reach(address, allowed):
            return address
    raise AddressRefused(f"{host} is not a public address; see outbound_allow", request=request)


async def _addresses(request: httpx.Request) -> Sequence[Ip]:
    host = request.url.host
    with suppress(ValueError):
        return [ipaddress.ip_address(host)]
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, request.url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} has no address: {error}", request=request) from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _know_that_there_is_no_sniffio() -> None:
    """httpcore tries to import it several times in every request, and looks through all folders each time."""
    if "sniffio" not in sys.modules and importlib.util.find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]


def outbound_client() -> httpx.AsyncClient:
    """The one HTTP client of a process. Redirects are not followed: they could lead anywhere."""
    _know_that_there_is_no_sniffio()
    return httpx.AsyncClient(transport=PinnedTransport(SmallPools()), timeout=15, trust_env=False)
