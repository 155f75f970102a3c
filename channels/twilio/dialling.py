"""Legs that we make: agents' devices, customers whom we call, numbers outside."""

from typing import Final
from uuid import UUID

from channels.abilities import Steps
from channels.base import CallCommand
from channels.twilio.call_documents import CONFERENCE_EVENTS
from channels.twilio.config import VoiceConfig
from channels.twilio.endpoint import Endpoint
from channels.twilio.labels import Part, label_of
from channels.twilio.rest import Rest
from channels.twilio.room import Room, done, done_or_over, room_of

LEG_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
LEAVING_ENDS_IT: Final = frozenset({"called", "away"})


class Dialling:
    def __init__(self, config: VoiceConfig, rest: Rest, endpoint: Endpoint) -> None:
        self._config, self._rest, self._endpoint = config, rest, endpoint

    def ring(self, order: CallCommand, kind: str, conference: str) -> Steps[None]:
        """`to`, into the conference (its sid, or its name while it is not there yet)."""
        assert order.call_id is not None
        to, label = str(order.arguments["to"]), f"{kind}-{order.command_id}"
        if order.arguments.get("confirm_key"):
            yield from self._ask_first(order.call_id, to, label)
        else:
            yield from self._into(order.call_id, conference, to, label)

    def dial(self, order: CallCommand) -> Steps[None]:
        """The agent's device first; who joins as `dial` has the customer dialled (`upkeep`)."""
        call = order.call_id
        assert call is not None
        room = yield from room_of(self._rest, call)
        if room is not None and room.made_by(order.command_id) is not None:
            return
        device, label = str(order.arguments["device"]), f"dial-{order.command_id}"
        told = {
            "to": str(order.arguments["to"]),
            "from": str(order.arguments.get("from") or self._config.address),
            "command": str(order.command_id),
        }
        if order.arguments.get("confirm_key"):
            yield from self._ask_first(call, device, label, told)
        else:
            yield from self._into(call, call, device, label, told=told)

    def customer(self, call: str, room: Room, to: str, ours: str, command_id: str) -> Steps[None]:
        yield from self._into(call, room.sid, to, f"called-{command_id}", ours=ours)

    def stop_ringing(self, to: str) -> Steps[None]:
        """A device that is asked first is in no conference yet: it is found by its number."""
        if not to:
            return
        ringing = self._rest.get("Calls", To=to, From=self._config.address, Status="ringing")
        for row in (yield from done(ringing)).get("calls") or ():
            yield from done_or_over(self._rest.post("Calls", str(row["sid"]), Status="completed"))

    def _into(
        self,
        call: str,
        conference: str,
        to: str,
        label: str,
        *,
        ours: str | None = None,
        told: dict[str, str] | None = None,
    ) -> Steps[None]:
        """`told`: what the conference's events shall bring along, where this leg is its first."""
        kind = label.partition("-")[0]
        events = self._endpoint.callback(on="conference", **(told or {}))
        yield from done(
            self._rest.post(
                "Conferences",
                conference,
                "Participants",
                To=to,
                From=ours or self._config.address,
                Label=label,
                Timeout=self._config.ring_seconds,
                Beep="false",
                EarlyMedia=False,
                StartConferenceOnEnter=True,
                EndConferenceOnExit=kind in LEAVING_ENDS_IT,
                StatusCallback=self._progress(call, label),
                StatusCallbackEvent=LEG_EVENTS,
                ConferenceStatusCallback=events,
                ConferenceStatusCallbackEvent=CONFERENCE_EVENTS.split(),
            )
        )

    def _ask_first(self, call: str, to: str, label: str, told: dict[str, str] | None = None) -> Steps[None]:
        """A phone outside may be answered by its mailbox: who picks up presses 1 before they join."""
        question = self._endpoint.callback(on="confirm", call=call, label=label, **(told or {}))
        yield from done(
            self._rest.post(
                "Calls",
                To=to,
                From=self._config.address,
                Url=question,
                Timeout=self._config.ring_seconds,
                StatusCallback=self._progress(call, label),
                StatusCallbackEvent=LEG_EVENTS,
            )
        )

    def _progress(self, call: str, label: str) -> str:
        read = label_of(label)
        assert read is not None
        part: Part = read.part
        command: UUID | None = read.command_id
        return self._endpoint.callback(on="leg", call=call, leg=part, command=str(command))
