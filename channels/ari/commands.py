"""Our orders to Asterisk: each command as the requests that do it. Only events tell that it was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from channels.abilities import Steps
from channels.ari.dialling import Dialling
from channels.ari.lines import Recording, agreed, said_in
from channels.ari.moves import Moves
from channels.ari.names import LegName, Part, invitation, last_word, leg_name, recording_name, talk_bridge
from channels.ari.payload import channels_of
from channels.ari.wire import EXISTS, NotRead
from channels.base import CallCommand, SendOutcome, SendResult, Unsendable, WireResponse
from channels.http_answer import result_of

SENT: Final = SendResult(SendOutcome.SENT)
RE_READ: Final = "touchpoint.calls.list"
"""The user event by which a command asks the listener for all live calls."""

Carry = Callable[["Commands", CallCommand], Steps[SendResult]]


@dataclass(frozen=True, slots=True)
class Standing:
    """A leg of a call as it is at this moment."""

    id: str
    name: LegName
    up: bool


class Commands:
    """`recording`: which calls may be recorded."""

    def __init__(self, moves: Moves, dialling: Dialling, recording: Recording) -> None:
        self._moves, self._ari = moves, moves.ari
        self._dialling, self._recording = dialling, recording

    def carry_out(self, command: CallCommand) -> Steps[SendResult]:
        """Raises Unsendable for what this platform cannot do."""
        try:
            return (yield from _CARRY[command.command](self, command))
        except NotRead as error:
            return SendResult(SendOutcome.RETRY, reason=str(error))

    # ---- who is dialled ----

    def route(self, command: CallCommand) -> Steps[SendResult]:
        """An agent's device; while an agent talks, the number that the customer is sent to."""
        present = _members((yield self._ari.get("bridges", talk_bridge(_call(command)))))
        part = Part.AWAY if any(leg_name(channel) for channel in present) else Part.AGENT
        return (yield from self._dial(command, part, command.arguments["to"]))

    def consult(self, command: CallCommand) -> Steps[SendResult]:
        """An agent's device comes with a word about its key, a number outside without."""
        part = Part.CONSULT if "confirm_key" in command.arguments else Part.ASIDE
        return (yield from self._dial(command, part, command.arguments["to"]))

    def dial(self, command: CallCommand) -> Steps[SendResult]:
        """The agent's device first; the customer when it is picked up."""
        wish = command.arguments
        customer = {"endpoint": self._dialling.endpoint(wish["to"]), "caller": wish.get("from")}
        return (yield from self._dial(command, Part.DIALLING, wish["device"], wish["to"], customer))

    def _dial(
        self,
        command: CallCommand,
        part: Part,
        to: str,
        caller: str | None = None,
        customer: dict[str, Any] | None = None,
    ) -> Steps[SendResult]:
        needs_key = bool(command.arguments.get("confirm_key"))
        name = LegName(part, command.command_id, _call(command), needs_key)
        answer = yield from self._dialling.leg(name, to, caller, customer)
        if answer.status >= 500:  # no such phone here: it will not come within seconds
            return SendResult(SendOutcome.REJECTED, reason=result_of(answer).reason)
        return SENT if answer.status == EXISTS else result_of(answer)

    # ---- who hears whom ----

    def hold(self, command: CallCommand) -> Steps[SendResult]:
        return result_of((yield from self._moves.hold(_call(command))))

    def resume(self, command: CallCommand) -> Steps[SendResult]:
        return result_of((yield from self._moves.talk(_call(command), _call(command))))

    def swap(self, command: CallCommand) -> Steps[SendResult]:
        call_id, consulted = _call(command), _consulted((yield from self._talking(command)))
        if consulted is None:
            return _refused("nobody is consulted")
        present = _members((yield self._ari.get("bridges", talk_bridge(call_id))))
        goes, comes = (call_id, consulted.id) if call_id in present else (consulted.id, call_id)
        held = yield from self._moves.hold(goes)
        if held.status >= 300:
            return result_of(held)
        return result_of((yield from self._moves.talk(call_id, comes)))

    def conference(self, command: CallCommand) -> Steps[SendResult]:
        consulted = _consulted((yield from self._talking(command)))
        if consulted is None:
            return _refused("nobody is consulted")
        return result_of((yield from self._moves.talk(_call(command), _call(command), consulted.id)))

    def complete_transfer(self, command: CallCommand) -> Steps[SendResult]:
        """Works too when the first agent is gone."""
        legs = yield from self._talking(command)
        consulted = _consulted(legs) or (legs[0] if len(legs) == 1 else None)
        if consulted is None:
            return _refused("nobody is consulted")
        joined = yield from self._moves.talk(_call(command), _call(command), consulted.id)
        if joined.status < 300:
            yield from self._moves.hang_up(*(leg.id for leg in legs if leg is not consulted))
        return result_of(joined)

    def cancel_transfer(self, command: CallCommand) -> Steps[SendResult]:
        consulted = _consulted((yield from self._legs(command)))
        if consulted is not None:
            yield from self._moves.hang_up(consulted.id)
        return (yield from self.resume(command))

    # ---- the end ----

    def cancel(self, command: CallCommand) -> Steps[SendResult]:
        """The leg that this command made; one that is gone already needs nothing."""
        known = command.arguments.get("leg_id")
        wanted = command.arguments.get("route_command_id")
        if known is not None:
            yield from self._moves.hang_up(known)
            return SENT
        legs = yield from self._legs(command)
        yield from self._moves.hang_up(*(leg.id for leg in legs if str(leg.name.command_id) == wanted))
        return SENT

    def end(self, command: CallCommand) -> Steps[SendResult]:
        """The customer's end ends all others; before there is a customer, the agent's leg is the call."""
        there = yield from self._moves.hang_up(_call(command))
        if not there:
            legs = yield from self._legs(command)
            there = yield from self._moves.hang_up(*(leg.id for leg in legs))
        return SENT if there else _refused("there is no such call")

    # ---- what is heard and kept ----

    def play(self, command: CallCommand) -> Steps[SendResult]:
        """A sound of the exchange by its name, or any media URI. After it, perhaps, the end, or what the
        caller says."""
        call_id, wish = _call(command), command.arguments
        media = wish["announcement"] if ":" in wish["announcement"] else f"sound:{wish['announcement']}"
        query = {"media": media}
        if wish.get("then") == "end":
            query["playbackId"] = last_word(command.command_id, call_id)
        elif wish.get("then") == "record":
            query["playbackId"] = invitation(command.command_id, call_id)
        answer = yield self._ari.post("channels", call_id, "play", **query)
        return SENT if answer.status == EXISTS else result_of(answer)

    def digits(self, command: CallCommand) -> Steps[SendResult]:
        keys = command.arguments["digits"]
        return result_of((yield self._ari.post("channels", _call(command), "dtmf", dtmf=keys)))

    def record(self, command: CallCommand) -> Steps[SendResult]:
        call_id = _call(command)
        if self._recording == "off":
            raise Unsendable("calls are not recorded here (recording: off)")
        if self._recording == "opt_in" and not (yield from self._agreed(call_id)):
            return _refused("the caller has not agreed to be recorded")
        query = {"name": recording_name(call_id), "format": "wav", "ifExists": "append"}
        answer = yield self._ari.post("bridges", talk_bridge(call_id), "record", **query)
        return SENT if answer.status == EXISTS else result_of(answer)

    def _agreed(self, call_id: str) -> Steps[bool]:
        """As the dialplan said when it gave us the call."""
        for channel in channels_of([(yield from self._ari.read("channels", call_id))]):
            return agreed(said_in(channel.dialplan.app_data.split(",")))
        return False

    def pause_recording(self, command: CallCommand) -> Steps[SendResult]:
        name = recording_name(_call(command))
        return result_of((yield self._ari.post("recordings", "live", name, "pause")))

    def resume_recording(self, command: CallCommand) -> Steps[SendResult]:
        name = recording_name(_call(command))
        return result_of((yield self._ari.delete("recordings", "live", name, "pause")))

    def stop_recording(self, command: CallCommand) -> Steps[SendResult]:
        name = recording_name(_call(command))
        return result_of((yield self._ari.post("recordings", "live", name, "stop")))

    def list_calls(self, command: CallCommand) -> Steps[SendResult]:
        """Told by the listener, in the order of the events: it is asked by an event of our own."""
        return result_of((yield self._ari.post("events", "user", RE_READ, application=self._moves.app)))

    def _talking(self, command: CallCommand) -> Steps[list[Standing]]:
        return [leg for leg in (yield from self._legs(command)) if leg.up]

    def _legs(self, command: CallCommand) -> Steps[list[Standing]]:
        """The legs of this call, in the order in which they were dialled."""
        found = []
        for channel in channels_of((yield from self._ari.read("channels"))):
            name = leg_name(channel.id)
            if name is not None and name.call_id == command.call_id:
                found.append(Standing(channel.id, name, channel.state == "Up"))
        return sorted(found, key=lambda leg: leg.name.command_id)


def _call(command: CallCommand) -> str:
    """The customer's channel bears the call's id."""
    assert command.call_id is not None, f"{command.command} is about a call"
    return command.call_id


def _consulted(legs: list[Standing]) -> Standing | None:
    """Who was asked last, where somebody asks: alone, the one who was asked before has the call."""
    asked = [leg for leg in legs[1:] if leg.name.part in (Part.CONSULT, Part.ASIDE)]
    return asked[-1] if asked else None


def _members(bridge: WireResponse) -> list[str]:
    """Who is in it; nobody, where there is no such bridge."""
    told = orjson.loads(bridge.body) if bridge.status == 200 else {}
    return [str(channel) for channel in told.get("channels", ())]


def _refused(reason: str) -> SendResult:
    return SendResult(SendOutcome.REJECTED, reason=reason)


_CARRY: Final[Mapping[str, Carry]] = {
    "call.route": Commands.route,
    "call.cancel": Commands.cancel,
    "call.hold": Commands.hold,
    "call.resume": Commands.resume,
    "call.consult": Commands.consult,
    "call.swap": Commands.swap,
    "call.complete_transfer": Commands.complete_transfer,
    "call.cancel_transfer": Commands.cancel_transfer,
    "call.conference": Commands.conference,
    "call.end": Commands.end,
    "call.dial": Commands.dial,
    "call.play": Commands.play,
    "call.digits": Commands.digits,
    "recording.start": Commands.record,
    "recording.pause": Commands.pause_recording,
    "recording.resume": Commands.resume_recording,
    "recording.stop": Commands.stop_recording,
    "calls.list": Commands.list_calls,
}
