"""Orders to a call, each as the requests that carry it out. Tried again they ring nobody twice: the label of
a leg names the order that made it."""

from collections.abc import Callable, Mapping
from typing import Final

from channels.abilities import NotDone, Steps
from channels.base import CallCommand, SendOutcome, SendResult
from channels.twilio import twiml
from channels.twilio.call_documents import Documents
from channels.twilio.conference_events import is_ours
from channels.twilio.config import VoiceConfig
from channels.twilio.dialling import Dialling
from channels.twilio.endpoint import Endpoint
from channels.twilio.rest import Rest
from channels.twilio.room import (
    Participant,
    Room,
    check_lives,
    done,
    done_or_over,
    done_to_call,
    done_to_customer,
    room_of,
    room_that_lives,
)

DONE: Final = SendResult(SendOutcome.SENT)
CURRENT: Final = "Twilio.CURRENT"
"""What Twilio calls the conference's recording that runs."""

Order = Callable[[CallCommand], Steps[None]]


class Orders:
    def __init__(self, config: VoiceConfig, rest: Rest, endpoint: Endpoint, documents: Documents) -> None:
        self._config, self._rest, self._endpoint, self._documents = config, rest, endpoint, documents
        self._dialling = Dialling(config, rest, endpoint)
        self._orders: Mapping[str, Order] = {
            "call.route": self._route,
            "call.consult": self._consult,
            "call.dial": self._dialling.dial,
            "call.cancel": self._cancel,
            "call.hold": self._hold,
            "call.resume": self._resume,
            "call.swap": self._swap,
            "call.complete_transfer": self._complete_transfer,
            "call.cancel_transfer": self._cancel_transfer,
            "call.conference": self._conference,
            "call.end": self._end,
            "call.play": self._play,
            "call.digits": self._digits,
            "recording.start": self._start_recording,
            "recording.pause": self._change_recording("paused"),
            "recording.resume": self._change_recording("in-progress"),
            "recording.stop": self._change_recording("stopped"),
        }

    def carry_out(self, command: CallCommand) -> Steps[SendResult]:
        """`calls.list` asks for nothing: the list is fetched anyway."""
        order = self._orders.get(command.command)
        try:
            if order is not None:
                yield from order(command)
        except NotDone as error:
            return error.result
        return DONE

    def _route(self, order: CallCommand) -> Steps[None]:
        """To an agent's device, or (without `confirm_key`) away to a number."""
        kind = "agent" if "confirm_key" in order.arguments else "away"
        yield from self._bring(order, kind)

    def _consult(self, order: CallCommand) -> Steps[None]:
        kind = "consult" if "confirm_key" in order.arguments else "outside"
        yield from self._bring(order, kind)

    def _bring(self, order: CallCommand, kind: str) -> Steps[None]:
        call = _call(order)
        room = yield from room_of(self._rest, call)
        if room is not None and room.made_by(order.command_id) is not None:
            return
        if room is None or room.customer is None:
            yield from check_lives(self._rest, call)
        yield from self._dialling.ring(order, kind, room.sid if room is not None else call)

    def _cancel(self, order: CallCommand) -> Steps[None]:
        """Nothing to cancel is well: it rings no more."""
        room = yield from room_of(self._rest, _call(order))
        person = None if room is None else room.made_by(str(order.arguments.get("route_command_id")))
        if room is not None and person is not None:
            yield from self._remove(room, person)
        else:
            yield from self._dialling.stop_ringing(str(order.arguments.get("to") or ""))

    def _remove(self, room: Room, person: Participant) -> Steps[None]:
        if person.connected:
            gone = self._rest.delete("Conferences", room.sid, "Participants", person.call_sid)
        else:
            gone = self._rest.post("Calls", person.call_sid, Status="completed")
        yield from done_or_over(gone)

    def _hold(self, order: CallCommand) -> Steps[None]:
        room = yield from room_that_lives(self._rest, _call(order))
        yield from self._put(room, room.customer, held=True)

    def _resume(self, order: CallCommand) -> Steps[None]:
        room = yield from room_that_lives(self._rest, _call(order))
        yield from self._put(room, room.customer, held=False)

    def _put(self, room: Room, person: Participant | None, *, held: bool) -> Steps[None]:
        if person is None or person.held == held:
            return
        music = self._config.music_url if held else None
        request = self._rest.post(
            "Conferences",
            room.sid,
            "Participants",
            person.call_sid,
            Hold=held,
            HoldUrl=None if music is None else str(music),
            HoldMethod=None if music is None else "GET",
        )
        if person is room.customer:
            yield from done_to_customer(self._rest, room.name, request)
        else:
            yield from done(request)

    def _swap(self, order: CallCommand) -> Steps[None]:
        """First the one to music, then the other back: they never hear each other."""
        room, asked = yield from self._consulted_in(order)
        customer = room.customer
        waits, talks = (customer, asked) if customer is not None and customer.held else (asked, customer)
        yield from self._put(room, talks, held=True)
        yield from self._put(room, waits, held=False)

    def _complete_transfer(self, order: CallCommand) -> Steps[None]:
        """A number outside takes the call along when it hangs up; nobody of ours is in it then."""
        room, asked = yield from self._consulted_in(order)
        if asked.label.kind == "outside":
            place = ("Conferences", room.sid, "Participants", asked.call_sid)
            yield from done(self._rest.post(*place, EndConferenceOnExit=True))
        yield from self._put(room, asked, held=False)
        yield from self._put(room, room.customer, held=False)
        for person in room.others:
            if person is not asked:
                yield from self._remove(room, person)

    def _cancel_transfer(self, order: CallCommand) -> Steps[None]:
        room = yield from room_that_lives(self._rest, _call(order))
        if room.consulted is not None:
            yield from self._remove(room, room.consulted)
        yield from self._put(room, room.customer, held=False)

    def _conference(self, order: CallCommand) -> Steps[None]:
        room, asked = yield from self._consulted_in(order)
        yield from self._put(room, asked, held=False)
        yield from self._put(room, room.customer, held=False)

    def _consulted_in(self, order: CallCommand) -> Steps[tuple[Room, Participant]]:
        room = yield from room_that_lives(self._rest, _call(order))
        asked = room.consulted
        if asked is None or not asked.connected:
            raise NotDone(SendResult(SendOutcome.REJECTED, reason="nobody is consulted"))
        return room, asked

    def _end(self, order: CallCommand) -> Steps[None]:
        call = _call(order)
        if not is_ours(call):
            told = self._endpoint.callback_if_known(on="call", by="agent")
            yield from done_to_call(self._rest.post("Calls", call, Status="completed", StatusCallback=told))
            return
        room = yield from room_of(self._rest, call)
        if room is None:
            return
        for person in room.people:
            if not person.connected:
                yield from self._remove(room, person)
        yield from done_or_over(self._rest.post("Conferences", room.sid, Status="completed"))

    def _play(self, order: CallCommand) -> Steps[None]:
        """Out of the music, said, and then the end, a message of the caller's, or the music again."""
        call = _call(order)
        name = str(order.arguments.get("announcement") or "")
        after = self._after(call, order.arguments.get("then"))
        said = twiml.document(self._documents.announcement(name), after)
        yield from done_to_call(self._rest.post("Calls", call, Twiml=said))

    def _after(self, call: str, then: object) -> str:
        if then == "end":
            return twiml.element("Hangup")
        if then != "record":
            place = self._endpoint.callback(on="waiting", call=call).partition("#")[0]
            return twiml.element("Redirect", twiml.text(place))
        ready = self._endpoint.callback(on="recording", call=call, consent="announced")
        over = self._endpoint.callback(on="spoken")
        return self._documents.message(over, ready) + twiml.element("Hangup")

    def _digits(self, order: CallCommand) -> Steps[None]:
        room = yield from room_that_lives(self._rest, _call(order))
        pressed = str(order.arguments.get("digits") or "")
        url = self._endpoint.callback(on="announce", digits=pressed)
        assert room.customer is not None
        place = ("Conferences", room.sid, "Participants", room.customer.call_sid)
        yield from done(self._rest.post(*place, AnnounceUrl=url, AnnounceMethod="POST"))

    def _start_recording(self, order: CallCommand) -> Steps[None]:
        if self._config.recording == "off":
            raise NotDone(SendResult(SendOutcome.REJECTED, reason="recording is off at this endpoint"))
        room = yield from room_that_lives(self._rest, _call(order))
        assert room.customer is not None
        told = self._endpoint.callback(on="recording", call=_call(order), consent=self._config.recording)
        place = ("Calls", room.customer.call_sid, "Recordings")
        yield from done(self._rest.post(*place, RecordingStatusCallback=told))

    def _change_recording(self, status: str) -> Order:
        def change(order: CallCommand) -> Steps[None]:
            room = yield from room_that_lives(self._rest, _call(order))
            pause = "silence" if status == "paused" else None
            place = ("Conferences", room.sid, "Recordings", CURRENT)
            yield from done(self._rest.post(*place, Status=status, PauseBehavior=pause))

        return change


def _call(order: CallCommand) -> str:
    assert order.call_id is not None, "every order but calls.list is about a call"
    return order.call_id
