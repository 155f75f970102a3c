"""Channels that we listen to ourselves because no platform calls us: mailboxes, telephony sockets."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from app.events import InboundEvent
from app.outbound import Network


class ListenerDoor(Protocol):
    """What a listener is given. `allowed`: networks that its tenant may reach besides public addresses."""

    @property
    def allowed(self) -> Sequence[Network]: ...

    async def publish(self, events: Sequence[InboundEvent]) -> None:
        """Durable on return."""

    async def state(self) -> Mapping[str, Any]:
        """What was remembered last; empty at first."""

    async def remember(self, state: Mapping[str, Any]) -> None: ...

    async def store(self, content: bytes) -> str:
        """Its sha256, when it is safe."""


class Listener(Protocol):
    """`rest_max_seconds`: while the platform is away it is tried again at least so often."""

    rest_max_seconds: ClassVar[float]

    async def listen(self, door: ListenerDoor) -> None:
        """Until cancelled. Raises when the platform is away or refuses us: started again after a rest."""
