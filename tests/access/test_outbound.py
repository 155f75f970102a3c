"""Outgoing requests reach public addresses, and those that the tenant's networks name."""

import ipaddress

import httpx
import pytest

from app.outbound import ALLOW, AddressRefused, PinnedTransport, may_reach, networks


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_not_public(address: str) -> None:
    assert not may_reach(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3"])
def test_named_by_the_tenant(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address), networks(["127.0.0.0/8", "10.1.0.0/16"]))


class Recording(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204)


class TestTransport:
    async def test_the_name_is_resolved_once_and_pinned(self) -> None:
        inner = Recording()
        async with httpx.AsyncClient(transport=PinnedTransport(inner)) as http:
            await http.post("http://localhost:9/x", extensions={ALLOW: networks(["127.0.0.0/8", "::1/128"])})
        (request,) = inner.requests
        assert request.url.host in ("127.0.0.1", "::1") and request.headers["host"] == "localhost:9"
        assert request.extensions["sni_hostname"] == "localhost"

    @pytest.mark.parametrize(
        "url", ["http://localhost/", "http://127.0.0.1/", "http://[::1]/", "http://2130706433/"]
    )
    async def test_refused_without_being_named(self, url: str) -> None:
        inner = Recording()
        async with httpx.AsyncClient(transport=PinnedTransport(inner)) as http:
            with pytest.raises(AddressRefused):
                await http.get(url)
        assert inner.requests == []

    async def test_no_such_name(self) -> None:
        async with httpx.AsyncClient(transport=PinnedTransport(Recording())) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(f"http://{'x' * 64}.invalid/")
