"""What telephony platforms tell us of calls. Key: endpoint and call."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from app.events.envelope import Address
from app.events.inbound import InboundEvent


class CallEvent(InboundEvent):
    """`conversation` is the call id; `sequence` counts per call; without one `occurred_at` decides."""

    sequence: int | None = None
    leg_id: str | None = None
    leg: Literal["customer", "agent", "consult"] | None = None
    command_id: UUID | None = None
    to: Address | None = None


LegCause = Literal["normal", "busy", "no_answer", "unreachable", "rejected", "failed"]
EndedBy = Literal["customer", "agent", "platform"]


class CallIncoming(CallEvent):
    """`address` is None when the caller id is withheld, empty or undialable."""

    type: ClassVar[str] = "touchpoint.call.incoming.v1"
    free_text: ClassVar[tuple[str, ...]] = ("collected_digits", "uui")
    trunk: str | None = None
    from_presentation: Literal["allowed", "withheld"] = "allowed"
    queue: str | None = None
    collected_digits: str | None = None
    uui: str | None = None


class LegRinging(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.ringing.v1"


class LegAnswered(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.answered.v1"


class LegHeld(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.held.v1"


class LegResumed(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.resumed.v1"


class LegEnded(CallEvent):
    type: ClassVar[str] = "touchpoint.leg.ended.v1"
    cause: LegCause = "normal"
    by: EndedBy = "platform"


class CallBridged(CallEvent):
    type: ClassVar[str] = "touchpoint.call.bridged.v1"


class CallDigits(CallEvent):
    type: ClassVar[str] = "touchpoint.call.digits.v1"
    free_text: ClassVar[tuple[str, ...]] = ("digits",)
    digits: str


class CallEnded(CallEvent):
    type: ClassVar[str] = "touchpoint.call.ended.v1"
    cause: str = "normal"
    by: EndedBy = "platform"


class RecordingReady(CallEvent):
    """`consent`: how the caller knew of it: `announced`, or `opt_in` by a key that they pressed. `media`: the
    platform's reference by which the file can be fetched; `copied`: the set-up wants every one here."""

    type: ClassVar[str] = "touchpoint.recording.ready.v1"
    url: str
    duration_seconds: float | None = None
    consent: Literal["announced", "opt_in"] | None = None
    media: dict[str, Any] | None = None
    copied: bool = False


class CommandFailed(CallEvent):
    type: ClassVar[str] = "touchpoint.command.failed.v1"
    reason: str = ""


class CallsSnapshot(CallEvent):
    """All calls that the platform holds live at `occurred_at`: what is absent twice has ended (`lost`)."""

    type: ClassVar[str] = "touchpoint.calls.snapshot.v1"
    call_ids: tuple[str, ...]
