"""Customers open reply windows: by a message, or by something that is none (a click, a follow, a scan)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.clock import rfc3339
from app.events import Address, MessageReceived, ReplyWindow, ReplyWindowOpened
from customers.identity import Party, Sighting
from interactions.intake.inbound import Inbound


@dataclass(frozen=True, slots=True)
class Opening:
    inbound: Inbound
    address: Address
    window: ReplyWindow

    @property
    def where(self) -> tuple[UUID, str]:
        """The conversation that it belongs to."""
        return self.inbound.endpoint_id, self.inbound.event.conversation or self.address.value

    def sighting(self) -> Sighting:
        """A click makes nobody a customer."""
        return Sighting(self.address, known_only=True)

    def row(self, parties: Mapping[Address, Party]) -> dict[str, Any]:
        """For `models.reply_window.ReplyWindow.open_all`."""
        return {
            "tenant_id": str(self.inbound.envelope.tenant_id),
            "endpoint_id": str(self.inbound.endpoint_id),
            "address_id": str(parties[self.address].address_id),
            "seconds": self.window.seconds,
            "until": rfc3339(self.inbound.at + timedelta(seconds=self.window.seconds)),
            "messages": self.window.messages,
        }


def openings(inbounds: Iterable[Inbound]) -> Iterator[Opening]:
    for inbound in inbounds:
        event = inbound.event
        if not isinstance(event, MessageReceived | ReplyWindowOpened) or event.address is None:
            continue
        if event.reply_window is not None:
            yield Opening(inbound, event.address, event.reply_window)
