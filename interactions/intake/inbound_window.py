"""Customers open reply windows: by a message, or by something that is none (a click, a follow, a scan)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.clock import new_id, rfc3339
from app.events import Address, MessageReceived, ReplyWindow, ReplyWindowOpened
from customers.identity import Party, Sighting
from interactions.intake.inbound import Inbound
from models.endpoint import Endpoint
from models.touch import Touch


@dataclass(frozen=True, slots=True)
class Opening:
    inbound: Inbound
    event: MessageReceived | ReplyWindowOpened
    address: Address
    window: ReplyWindow

    @property
    def where(self) -> tuple[UUID, str]:
        """The conversation that it belongs to."""
        return self.inbound.endpoint_id, self.inbound.event.conversation or self.address.value

    def sighting(self) -> Sighting:
        """A click makes nobody a customer."""
        return Sighting(self.address, known_only=True)

    def touch(self, endpoint: Endpoint, address_id: UUID) -> Touch | None:
        """What the customer did, as the timeline shows it; None for a message, which is a touch itself."""
        if isinstance(self.event, MessageReceived) or not self.event.payload:
            return None
        return Touch(
            tenant_id=endpoint.tenant_id,
            id=new_id(),
            address_id=address_id,
            endpoint_id=endpoint.id,
            at=self.inbound.at,
            direction="inbound",
            kind="system",
            channel=endpoint.channel,
            payload=self.event.payload,
            author={"type": "customer", "id": None, "name": None},
            sealed_numbers=self.event.sealed_numbers,
            version=1,
        )

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
            yield Opening(inbound, event, event.address, event.reply_window)
