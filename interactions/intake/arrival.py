"""What a customer sent, as intake sees it whatever the channel: a touch, and what it may bring about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.clock import new_id
from app.events import Address, Attachment
from customers.identity import Sighting, anonymous
from interactions.intake import stored_file
from interactions.intake.stored_file import StoredFile
from interactions.touches import media
from models.endpoint import Endpoint
from models.touch import Touch

PREVIEW_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class CallWanted:
    """They want to be called at this number, not before `at` (None: as soon as somebody can)."""

    number: str
    at: datetime | None


@dataclass(frozen=True)
class Arrival:
    """One touch of a customer.

    `endpoint` is where it is answered from, `came_by` the form through which it came. `conversation` None: it
    starts one of its own. `address` None: it cannot be recognised and gets an address of its own. `thread` is
    what the adapter needs to answer it, `provider_id` what an answer names: one that quotes it, one that was
    sent elsewhere.
    `uploads`: files that came before it, or are yet to be fetched.
    `wakes` False: automatic mail, or past the ceilings of the loop guard; it is kept, but opens, wakes and
    answers nothing.
    """

    endpoint: Endpoint
    channel: str
    kind: str
    at: datetime
    address: Address | None
    text: str
    conversation: str | None = None
    name: str | None = None
    claimed: bool = False
    also: tuple[Address, ...] = ()
    subject: str | None = None
    html: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    uploads: Sequence[Attachment] = ()
    files: Sequence[StoredFile] = ()
    wakes: bool = True
    queue: str | None = None
    thread: Mapping[str, Any] = field(default_factory=dict)
    provider_id: str | None = None
    call: CallWanted | None = None
    came_by: Endpoint | None = None
    sealed_numbers: list[str] | None = None
    interaction_id: UUID = field(default_factory=new_id)
    touch_id: UUID = field(default_factory=new_id)

    @property
    def from_address(self) -> Address:
        return self.address or anonymous(self.interaction_id)

    @property
    def own_conversation(self) -> str:
        """The conversation that it continues or starts."""
        return self.conversation or str(self.interaction_id)

    @property
    def preview(self) -> str:
        return preview_of(self.text)

    @property
    def visitor_id(self) -> UUID | None:
        """The chat visitor who must see it in their other windows too."""
        return visitor_of(self.address)

    def sighting(self) -> Sighting:
        return Sighting(self.from_address, self.name, self.claimed, self.also, known_only=not self.wakes)

    def touch(self, address_id: UUID, name: str | None) -> Touch:
        """The timeline's item; the caller knows its interaction."""
        return Touch(
            tenant_id=self.endpoint.tenant_id,
            id=self.touch_id,
            address_id=address_id,
            endpoint_id=(self.came_by or self.endpoint).id,
            at=self.at,
            direction="inbound",
            kind=self.kind,
            channel=self.channel,
            subject=self.subject,
            text=self.text,
            html=self.html,
            payload=dict(self.payload),
            attachments=[*(media.shown(file) for file in self.uploads), *stored_file.shown(self.files)],
            author={"type": "customer", "id": None, "name": self.name or name},
            delivery_hops=[],
            provider_id=self.provider_id,
            sealed_numbers=self.sealed_numbers,
            version=1,
        )


def preview_of(text: str) -> str:
    """As lists show it."""
    return " ".join(text.split())[:PREVIEW_CHARACTERS]


def visitor_of(address: Address | None) -> UUID | None:
    """The visitor behind an address of kind `visitor`."""
    return UUID(address.value) if address is not None and address.kind == "visitor" else None
