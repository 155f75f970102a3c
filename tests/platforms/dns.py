"""A DNS server of ours: real UDP on loopback, records that tests write down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class DnsServer(asyncio.DatagramProtocol):
    """`silent`: it hears and says nothing."""

    """`records`: TXT by name; `others` as in `{("example.com", "A"): ["192.0.2.1"]}`."""

    records: dict[str, str] = field(default_factory=dict)
    others: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    port: int = 0
    _transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, peer: Any) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text().rstrip(".").lower()
        self.asked.append(name)
        if self.silent:
            return
        answer = dns.message.make_response(query)
        question = query.question[0]
        found = self._found(name, dns.rdatatype.to_text(question.rdtype))
        if found:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *found))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), peer)

    def _found(self, name: str, kind: str) -> list[str]:
        if kind != "TXT" or name not in self.records:
            return self.others.get((name, kind), [])
        text = self.records[name]
        return [" ".join(f'"{text[start : start + 250]}"' for start in range(0, len(text), 250))]


@asynccontextmanager
async def running_dns() -> AsyncIterator[DnsServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(DnsServer, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
