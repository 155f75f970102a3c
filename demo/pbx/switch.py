"""The exchange itself: calls, legs and devices. It knows nothing of HTTP; `emit` takes its events one by
one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

Emit = Callable[[dict[str, Any]], None]
"""Takes one CTI event; returns at once."""


class Device(StrEnum):
    """What a device does when it rings. `manual` waits for `Switch.answer` (a test, or a click in the
    demo)."""

    ANSWERS = "answers"
    MANUAL = "manual"
    BUSY = "busy"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    REJECTS = "rejected"


class CallState(StrEnum):
    RINGING = "ringing"
    MUSIC = "queued_music"
    CONNECTED = "connected"
    HELD = "held"
    ENDED = "ended"


@dataclass
class AgentLeg:
    id: str
    device: str
    command_id: str
    answered: bool = False


@dataclass
class PhoneCall:
    """`caller` None: withheld. `cause` and `ended_by` are set when it has ended."""

    id: str
    caller: str | None
    to: str
    state: CallState = CallState.RINGING
    sequence: int = 0
    leg: AgentLeg | None = None
    cause: str | None = None
    ended_by: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def become(self, state: CallState) -> None:
        self.state = state
        self.changed.set()
        self.changed = asyncio.Event()


class Timer(Protocol):
    def __call__(self, seconds: float, action: Callable[[], None]) -> object: ...


class Switch:
    """All calls and devices. Unknown devices answer after `answer_seconds`."""

    def __init__(self, emit: Emit, *, answer_seconds: float = 1.0, later: Timer | None = None) -> None:
        self.emit, self.answer_seconds = emit, answer_seconds
        self.calls: dict[str, PhoneCall] = {}
        self.devices: dict[str, Device] = {}
        self.refuses: set[str] = set()
        self._later = later
        self._seen: set[str] = set()

    # ---- what customers do ----

    def call(self, caller: str | None, to: str, **data: Any) -> PhoneCall:
        """A customer dials `to`; the exchange plays music until an agent is there."""
        call = PhoneCall(f"call-{uuid4()}", caller, to)
        self.calls[call.id] = call
        presentation = "withheld" if caller is None else "allowed"
        self._tell(call, "call.incoming", data={"from_presentation": presentation, **data})
        call.become(CallState.MUSIC)
        return call

    def hang_up(self, call_id: str, by: str = "customer", cause: str = "normal") -> None:
        call = self.calls[call_id]
        if call.state == CallState.ENDED:
            return
        call.cause, call.ended_by = cause, by
        if call.leg is not None:
            self._end_leg(call, "normal", "platform")
        self._tell(call, "call.ended", data={"cause": cause, "by": by})
        call.become(CallState.ENDED)

    # ---- what agents' devices do ----

    def answer(self, device: str) -> None:
        """The agent picks up: both are bridged."""
        call = self._ringing(device)
        if call is None or call.leg is None:
            return
        call.leg.answered = True
        self._tell(call, "leg.answered", leg=call.leg)
        self._tell(call, "call.bridged", leg=call.leg)
        call.become(CallState.CONNECTED)

    def device_hangs_up(self, device: str, cause: str = "normal") -> None:
        call = next((c for c in self.calls.values() if c.leg is not None and c.leg.device == device), None)
        if call is not None:
            self._end_leg(call, cause, "agent")
            call.become(CallState.MUSIC)

    # ---- what Touchpoint orders ----

    def obey(self, order: dict[str, Any]) -> None:
        """One command, done once by its `command_id`. What cannot be done is told by `command.failed`."""
        command_id, command = order["command_id"], order["command"]
        if command_id in self._seen:
            return
        self._seen.add(command_id)
        if command == "calls.list":
            self.snapshot(command_id)
            return
        call = self.calls.get(order.get("call_id") or "")
        action = getattr(self, "_" + command.replace(".", "_"), None)
        if call is None or call.state == CallState.ENDED or action is None or command in self.refuses:
            self._refuse(order, "no such call" if call is None else "refused")
            return
        action(call, order)

    def snapshot(self, command_id: str | None = None) -> None:
        live = [call.id for call in self.calls.values() if call.state != CallState.ENDED]
        event = {"type": "calls.snapshot", "at": _now(), "data": {"call_ids": live}}
        self.emit(event if command_id is None else {**event, "command_id": command_id})

    def _call_route(self, call: PhoneCall, order: dict[str, Any]) -> None:
        call.leg = AgentLeg(f"leg-{uuid4()}", order["to"], order["command_id"])
        behaviour = self.devices.get(order["to"], Device.ANSWERS)
        if behaviour in (Device.BUSY, Device.UNREACHABLE, Device.REJECTS):
            self._end_leg(call, behaviour.value, "agent")
            return
        self._tell(call, "leg.ringing", leg=call.leg)
        if behaviour == Device.ANSWERS:
            self._after(self.answer_seconds, partial(self.answer, order["to"]))

    def _call_cancel(self, call: PhoneCall, order: dict[str, Any]) -> None:
        if call.leg is not None and call.leg.command_id == order.get("route_command_id"):
            self._end_leg(call, "normal", "platform")
            call.become(CallState.MUSIC)

    def _call_hold(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self._tell(call, "leg.held", command_id=order["command_id"], kind="customer")
        call.become(CallState.HELD)

    def _call_resume(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self._tell(call, "leg.resumed", command_id=order["command_id"], kind="customer")
        call.become(CallState.CONNECTED)

    def _call_end(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self.hang_up(call.id, by="agent")

    def _call_digits(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self._tell(call, "call.digits", data={"digits": order.get("digits", "")})

    def _recording_pause(self, call: PhoneCall, order: dict[str, Any]) -> None:
        """Nothing is recorded here; there is no event about it either."""

    _recording_resume = _recording_pause

    def _call_play(self, call: PhoneCall, order: dict[str, Any]) -> None:
        call.become(call.state)
        if order.get("then") == "end":
            self.hang_up(call.id, by="platform")

    # ---- inner parts ----

    def _ringing(self, device: str) -> PhoneCall | None:
        waiting = (c for c in self.calls.values() if c.leg is not None and c.leg.device == device)
        return next((c for c in waiting if c.leg is not None and not c.leg.answered), None)

    def _end_leg(self, call: PhoneCall, cause: str, by: str) -> None:
        leg, call.leg = call.leg, None
        self._tell(call, "leg.ended", leg=leg, data={"cause": cause, "by": by})

    def _refuse(self, order: dict[str, Any], reason: str) -> None:
        failed = {"type": "command.failed", "call_id": order.get("call_id"), "at": _now()}
        self.emit({**failed, "command_id": order["command_id"], "data": {"reason": reason}})

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        if self._later is not None:
            self._later(seconds, action)
        else:
            asyncio.get_running_loop().call_later(seconds, action)

    def _tell(
        self,
        call: PhoneCall,
        kind_of_event: str,
        *,
        leg: AgentLeg | None = None,
        kind: str | None = None,
        command_id: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        call.sequence += 1
        event: dict[str, Any] = {
            "type": kind_of_event,
            "call_id": call.id,
            "sequence": call.sequence,
            "from": call.caller,
            "to": call.to,
            "at": _now(),
            "data": data or {},
        }
        if leg is not None:
            event |= {"leg": "agent", "leg_id": leg.id, "command_id": leg.command_id}
        if kind is not None:
            event |= {"leg": kind, "leg_id": f"{call.id}-{kind}"}
        if command_id is not None:
            event["command_id"] = command_id
        self.emit(event)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
