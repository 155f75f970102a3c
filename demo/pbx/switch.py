"""The exchange itself: calls, legs and devices. It knows nothing of HTTP; `emit` takes its events one by
one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

MESSAGE_SECONDS = 3
"""How long each caller speaks who is recorded."""

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
    """`part`: agent or consult, as it was dialled."""

    id: str
    device: str
    command_id: str
    part: str = "agent"
    answered: bool = False


@dataclass
class PhoneCall:
    """`caller` None: withheld. `leg` is who has the call, `consult` who is asked beside it, `away` who rings
    for a transfer to a number; `outbound`: the customer is dialled once the agent has picked up. `cause` and
    `ended_by` are set when it has ended."""

    id: str
    caller: str | None
    to: str
    state: CallState = CallState.RINGING
    sequence: int = 0
    leg: AgentLeg | None = None
    consult: AgentLeg | None = None
    away: AgentLeg | None = None
    outbound: bool = False
    cause: str | None = None
    ended_by: str | None = None

    @property
    def legs(self) -> list[AgentLeg]:
        return [leg for leg in (self.leg, self.consult, self.away) if leg is not None]


class Timer(Protocol):
    def __call__(self, seconds: float, action: Callable[[], None]) -> object: ...


class Switch:
    """All calls and devices. Unknown devices answer after `answer_seconds`. `records`: every talk."""

    def __init__(self, emit: Emit, *, answer_seconds: float = 1.0, later: Timer | None = None) -> None:
        self.emit, self.answer_seconds = emit, answer_seconds
        self.calls: dict[str, PhoneCall] = {}
        self.devices: dict[str, Device] = {}
        self.refuses: set[str] = set()
        self.records = False
        self.recordings_url = "https://pbx.example/recordings/{call}.wav"
        self._later = later
        self._seen: set[str] = set()

    # ---- what customers do ----

    def call(self, caller: str | None, to: str, **data: Any) -> PhoneCall:
        """A customer dials `to`; the exchange plays music until an agent is there."""
        call = PhoneCall(f"call-{uuid4()}", caller, to)
        self.calls[call.id] = call
        presentation = "withheld" if caller is None else "allowed"
        self._tell(call, "call.incoming", data={"from_presentation": presentation, **data})
        call.state = CallState.MUSIC
        return call

    def call_to(self, number: str) -> PhoneCall | None:
        """The live call of ours that has this number's phone."""
        live = (c for c in self.calls.values() if c.outbound and c.to == number)
        return next((c for c in live if c.state != CallState.ENDED and c.leg and c.leg.answered), None)

    def press(self, call_id: str, digits: str) -> None:
        """The customer presses keys; music or talk goes on."""
        call = self.calls[call_id]
        if call.state != CallState.ENDED:
            self._tell(call, "call.digits", data={"digits": digits})

    def hang_up(self, call_id: str, by: str = "customer", cause: str = "normal") -> None:
        call = self.calls[call_id]
        if call.state == CallState.ENDED:
            return
        call.cause, call.ended_by = cause, by
        if self.records and call.state in (CallState.CONNECTED, CallState.HELD):
            self._recorded(call)
        for leg in call.legs:
            self._end_leg(call, leg, "normal", "platform")
        self._tell(call, "call.ended", data={"cause": cause, "by": by})
        call.state = CallState.ENDED

    # ---- what agents' devices do ----

    def answer(self, device: str) -> None:
        """Somebody picks up: an agent, who is consulted, a number outside, or a customer whom we called."""
        found = next(((c, leg) for c in self.calls.values() for leg in c.legs if _rings(leg, device)), None)
        if found is None:
            self._customer_answers(device)
            return
        call, leg = found
        leg.answered = True
        self._tell(call, "leg.answered", leg=leg)
        if leg is call.away:
            self._hand_over(call, leg)
        elif leg is call.leg and call.outbound:
            self._ring_customer(call)
        elif leg is call.leg:
            self._tell(call, "call.bridged", leg=leg)
            call.state = CallState.CONNECTED

    def device_hangs_up(self, device: str, cause: str = "normal") -> None:
        for call in self.calls.values():
            for leg in call.legs:
                if leg.device == device:
                    waits = leg is call.leg and call.consult is None
                    self._end_leg(call, leg, cause, "agent")
                    call.state = CallState.MUSIC if waits else call.state
                    return

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
        if command == "call.dial":
            self.calls[order["call_id"]] = PhoneCall(
                order["call_id"], order.get("from"), order["to"], outbound=True
            )
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
        leg = _leg(order["to"], order)
        if call.leg is not None and call.leg.answered:
            call.away = leg
        else:
            call.leg = leg
        self._ring(call, leg)

    def _call_dial(self, call: PhoneCall, order: dict[str, Any]) -> None:
        call.leg = _leg(order["device"], order)
        self._ring(call, call.leg)

    def _call_consult(self, call: PhoneCall, order: dict[str, Any]) -> None:
        call.consult = _leg(order["to"], order, "consult")
        self._ring(call, call.consult)

    def _call_swap(self, call: PhoneCall, order: dict[str, Any]) -> None:
        if call.consult is None or not call.consult.answered:
            self._refuse(order, "nobody is consulted")
        elif call.state == CallState.HELD:
            self._tell(call, "leg.held", leg=call.consult)
            self._customer_held(call, order, held=False)
        else:
            self._customer_held(call, order, held=True)
            self._tell(call, "leg.resumed", leg=call.consult)

    def _call_complete_transfer(self, call: PhoneCall, order: dict[str, Any]) -> None:
        if call.consult is None or not call.consult.answered:
            self._refuse(order, "nobody is consulted")
            return
        if call.leg is not None:
            self._end_leg(call, call.leg, "normal", "platform")
        call.leg, call.consult = call.consult, None
        self._tell(call, "call.bridged", leg=call.leg)
        call.state = CallState.CONNECTED

    def _call_cancel_transfer(self, call: PhoneCall, order: dict[str, Any]) -> None:
        if call.consult is not None:
            self._end_leg(call, call.consult, "normal", "platform")
        if call.state == CallState.HELD:
            self._customer_held(call, order, held=False)

    def _call_conference(self, call: PhoneCall, order: dict[str, Any]) -> None:
        if call.consult is None or not call.consult.answered:
            self._refuse(order, "nobody is consulted")
            return
        if call.state == CallState.HELD:
            self._customer_held(call, order, held=False)
        self._tell(call, "call.bridged", command_id=order["command_id"])

    def _call_cancel(self, call: PhoneCall, order: dict[str, Any]) -> None:
        for leg in call.legs:
            if leg.command_id == order.get("route_command_id"):
                waits = leg is call.leg
                self._end_leg(call, leg, "normal", "platform")
                call.state = CallState.MUSIC if waits else call.state

    def _call_hold(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self._customer_held(call, order, held=True)

    def _call_resume(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self._customer_held(call, order, held=False)

    def _call_end(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self.hang_up(call.id, by="agent")

    def _call_digits(self, call: PhoneCall, order: dict[str, Any]) -> None:
        self._tell(call, "call.digits", data={"digits": order.get("digits", "")})

    def _recording_pause(self, call: PhoneCall, order: dict[str, Any]) -> None:
        """Nothing is recorded here; there is no event about it either."""

    _recording_resume = _recording_pause

    def _call_play(self, call: PhoneCall, order: dict[str, Any]) -> None:
        if order.get("then") == "record":
            self._recorded(call)
        if order.get("then") in ("end", "record"):
            self.hang_up(call.id, by="platform")

    # ---- inner parts ----

    def _ring(self, call: PhoneCall, leg: AgentLeg) -> None:
        behaviour = self.devices.get(leg.device, Device.ANSWERS)
        if behaviour in (Device.BUSY, Device.UNREACHABLE, Device.REJECTS):
            self._end_leg(call, leg, behaviour.value, "agent")
            return
        self._tell(call, "leg.ringing", leg=leg)
        if behaviour == Device.ANSWERS:
            self._after(self.answer_seconds, partial(self.answer, leg.device))

    def _ring_customer(self, call: PhoneCall) -> None:
        """The agent whom we dialled first has picked up."""
        behaviour = self.devices.get(call.to, Device.ANSWERS)
        if behaviour in (Device.BUSY, Device.UNREACHABLE, Device.REJECTS):
            self._tell(call, "leg.ended", kind="customer", data={"cause": behaviour.value, "by": "customer"})
            self.hang_up(call.id, by="platform", cause=behaviour.value)
            return
        self._tell(call, "leg.ringing", kind="customer")
        if behaviour == Device.ANSWERS:
            self._after(self.answer_seconds, partial(self._customer_answers, call.to))

    def _customer_answers(self, number: str) -> None:
        for call in self.calls.values():
            if call.outbound and call.to == number and call.state == CallState.RINGING:
                self._tell(call, "leg.answered", kind="customer")
                self._tell(call, "call.bridged", leg=call.leg)
                call.state = CallState.CONNECTED

    def _hand_over(self, call: PhoneCall, away: AgentLeg) -> None:
        """The number answers that the caller was sent to: the agent is out of it."""
        self._tell(call, "call.bridged", leg=away)
        if call.leg is not None:
            self._end_leg(call, call.leg, "normal", "platform")
        call.state = CallState.CONNECTED

    def _customer_held(self, call: PhoneCall, order: dict[str, Any], *, held: bool) -> None:
        told = "leg.held" if held else "leg.resumed"
        self._tell(call, told, command_id=order["command_id"], kind="customer")
        call.state = CallState.HELD if held else CallState.CONNECTED

    def _end_leg(self, call: PhoneCall, leg: AgentLeg, cause: str, by: str) -> None:
        call.leg, call.consult, call.away = (
            None if other is leg else other for other in (call.leg, call.consult, call.away)
        )
        self._tell(call, "leg.ended", leg=leg, data={"cause": cause, "by": by})

    def _recorded(self, call: PhoneCall) -> None:
        ready = {"url": self.recordings_url.format(call=call.id), "duration_seconds": MESSAGE_SECONDS}
        self._tell(call, "recording.ready", data=ready)

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
            event |= {"leg": leg.part, "leg_id": leg.id, "command_id": leg.command_id}
        if kind is not None:
            event |= {"leg": kind, "leg_id": f"{call.id}-{kind}"}
        if command_id is not None:
            event["command_id"] = command_id
        self.emit(event)


def _leg(device: str, order: dict[str, Any], part: str = "agent") -> AgentLeg:
    return AgentLeg(f"leg-{uuid4()}", device, order["command_id"], part)


def _rings(leg: AgentLeg, device: str) -> bool:
    return leg.device == device and not leg.answered


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
