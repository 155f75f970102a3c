"""SPF: the examples of RFC 7208, appendix A and §7.4, and what a domain may write down wrongly."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest

from channels.email.lookups import Lookups
from channels.email.spf import Peer, evaluate
from channels.email.spf_record import Place, Who
from tests.platforms.dns import DnsServer, running_dns

ZONE = {
    ("example.com", "A"): ["192.0.2.10", "192.0.2.11"],
    ("example.com", "AAAA"): ["2001:db8::10"],
    ("example.com", "MX"): ["10 mail-a.example.com.", "20 mail-b.example.com."],
    ("amy.example.com", "A"): ["192.0.2.65"],
    ("bob.example.com", "A"): ["192.0.2.66"],
    ("mail-a.example.com", "A"): ["192.0.2.129"],
    ("mail-b.example.com", "A"): ["192.0.2.130"],
    ("example.org", "MX"): ["10 mail-c.example.org."],
    ("mail-c.example.org", "A"): ["192.0.2.140"],
    ("65.2.0.192.in-addr.arpa", "PTR"): ["amy.example.com."],
    ("4.0.0.10.in-addr.arpa", "PTR"): ["bob.example.com."],
    ("192.0.2.3._spf.example.com", "A"): ["127.0.0.2"],
}


@pytest.fixture
async def names() -> AsyncIterator[DnsServer]:
    async with running_dns() as server:
        server.others |= ZONE
        yield server


async def checked(names: DnsServer, record: str, ip: str, sender: str = "wang@example.com") -> str:
    names.records.setdefault("example.com", record)
    lookups = Lookups([("127.0.0.1", names.port)]).for_spf()
    return await asyncio.to_thread(evaluate, Peer(ip, "mail.example.com", sender), lookups)


class TestAppendixA:
    @pytest.mark.parametrize(
        ("record", "good", "bad"),
        [
            ("v=spf1 a -all", "192.0.2.10", "192.0.2.12"),
            ("v=spf1 a -all", "2001:db8::10", "2001:db8::11"),
            ("v=spf1 mx -all", "192.0.2.130", "192.0.2.131"),
            ("v=spf1 mx mx:example.org -all", "192.0.2.140", "192.0.2.10"),
            ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.143", "192.0.2.144"),
            ("v=spf1 ptr -all", "192.0.2.65", "10.0.0.4"),
            ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.140", "192.0.2.65"),
            ("v=spf1 exists:%{i}._spf.%{d2} -all", "192.0.2.3", "192.0.2.4"),
        ],
    )
    async def test_a_mechanism(self, names: DnsServer, record: str, good: str, bad: str) -> None:
        assert await checked(names, record, good) == "pass"
        assert await checked(names, record, bad) == "fail"

    async def test_include_and_redirect(self, names: DnsServer) -> None:
        names.records["shop.test"] = "v=spf1 include:example.com ?all"
        names.records["old.test"] = "v=spf1 redirect=example.com"
        assert await checked(names, "v=spf1 a -all", "192.0.2.10", "a@shop.test") == "pass"
        assert await checked(names, "", "192.0.2.12", "a@shop.test") == "neutral"
        assert await checked(names, "", "192.0.2.12", "a@old.test") == "fail"


class TestWhoIsAsked:
    async def test_the_server_itself_where_there_is_no_sender(self, names: DnsServer) -> None:
        names.records["mail.example.com"] = "v=spf1 ip4:192.0.2.129 -all"
        assert await checked(names, "v=spf1 -all", "192.0.2.129", "") == "pass"

    async def test_a_domain_that_says_nothing(self, names: DnsServer) -> None:
        assert await checked(names, "", "192.0.2.1", "a@silent.test") == "none"

    async def test_where_dns_is_silent(self, names: DnsServer) -> None:
        names.silent = True
        assert await checked(names, "", "192.0.2.1") == "temperror"


class TestADomainsOwnFault:
    @pytest.mark.parametrize(
        "record",
        [
            "v=spf1 ip4:1.2.3.4/33 -all",
            "v=spf1 ipv4:1.2.3.4 -all",
            "v=spf1 a:192.0.2.1 -all",
            "v=spf1 include:silent.test -all",
            "v=spf1 include:example.com -all",
            "v=spf1 exists:%{x}.example.com -all",
            "v=spf1 redirect=a.test redirect=b.test",
            "v=spf1 a:void1.test a:void2.test a:void3.test +all",
            "v=spf1 " + "a " * 11 + "+all",
        ],
    )
    async def test_is_no_pass(self, names: DnsServer, record: str) -> None:
        assert await checked(names, record, "192.0.2.99") == "permerror"
        assert len(names.asked) <= 15


class TestMacros:
    @pytest.mark.parametrize(
        ("text", "expanded"),
        [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d2}", "example.com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{L}%%%_%-.test", "strong-bad% %20.test"),
        ],
    )
    def test_of_section_7_4(self, text: str, expanded: str) -> None:
        who = Who(ip_address("192.0.2.3"), "strong-bad@email.example.com", "mx.example.org")
        assert Place(text).expanded(who, "email.example.com") == expanded
