"""A door for a listener alone: it remembers what is published."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from app.errors import Unavailable
from app.events import CallEvent, InboundEvent
from app.outbound import Network

LOOPBACK: Sequence[Network] = (ip_network("127.0.0.0/8"),)


class MemoryDoor:
    def __init__(self, allowed: Sequence[Network] = LOOPBACK) -> None:
        self.allowed = allowed
        self.published: list[InboundEvent] = []
        self.away = False

    async def publish(self, events: Sequence[InboundEvent]) -> None:
        if self.away:
            raise Unavailable(retry_after_seconds=2)
        self.published += events

    async def state(self) -> Mapping[str, Any]:
        return {}

    async def remember(self, state: Mapping[str, Any]) -> None: ...

    async def store(self, content: bytes) -> str:
        raise AssertionError("a phone call brings no files")

    def of(self, call_id: str) -> list[CallEvent]:
        """What was told of this call, in order."""
        return [e for e in self.published if isinstance(e, CallEvent) and e.conversation == call_id]

    def names(self, call_id: str) -> list[str]:
        """`CallIncoming`, `LegAnswered agent`…"""
        return [" ".join(filter(None, [type(e).__name__, e.leg])) for e in self.of(call_id)]
