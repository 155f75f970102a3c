"""What the events of an exchange mean for its calls: facts for Touchpoint, and what has to be done at once.

Pure: the same events give the same facts and the same reactions. A repeat changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.addresses import phone_address
from app.events import (
    CallBridged,
    CallDigits,
    CallEnded,
    CallIncoming,
    InboundEvent,
    LegAnswered,
    LegCause,
    LegEnded,
    LegHeld,
    LegResumed,
    LegRinging,
    RecordingReady,
)
from channels.ari.causes import hung_up, not_answered
from channels.ari.lines import Line, Moment, Party, Recording, agreed, said_in
from channels.ari.names import (
    LegName,
    Part,
    call_of_bridge,
    call_of_invitation,
    call_of_last_word,
    call_of_message,
    held_bridge,
    is_call_of_ours,
    leg_name,
    talk_bridge,
    waiting_bridge,
)
from channels.ari.payload import AriEvent, Channel
from channels.ari.payload import Recording as Recorded
from channels.ari.reactions import Reaction, Reactions
from channels.ari.wire import Ari

INNER: Final = ("Announcer/", "CBAnn/", "CBRec/", "Recorder/", "Snoop/", "UnicastRTP/")
"""Channels that Asterisk, or a monitor, makes for itself: nobody calls there."""

KEY: Final = "1"


@dataclass
class Told:
    """What one event told: `events` for the log, then `reactions` (of a call each)."""

    events: list[InboundEvent] = field(default_factory=list)
    reactions: list[tuple[str, Reaction]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a switchboard knows of its exchange. `copied`: recordings are wanted here."""

    app: str
    region: str | None
    ari: Ari
    recording: Recording
    copied: bool

    def records(self, line: Line) -> bool:
        """Once two talk."""
        return self.recording == "announced" or (self.recording == "opt_in" and line.agreed)


class Switchboard:
    """`hear` takes the events in the order in which they came."""

    def __init__(self, exchange: Exchange, reactions: Reactions) -> None:
        self.exchange, self.reactions = exchange, reactions
        self.lines: dict[str, Line] = {}
        self.waiting, self.held = waiting_bridge(exchange.app), held_bridge(exchange.app)

    def hear(self, event: AriEvent) -> Told:
        told = Told()
        key = f"{event.type}{event.digit}/{event.timestamp.isoformat()}/{event.about}"
        moment = Moment(event.timestamp, key)
        if (act := _ACTS.get(event.type)) is not None:
            act(self, event, moment, told)
        return told

    # ---- who comes ----

    def _started(self, event: AriEvent, moment: Moment, told: Told) -> None:
        channel = _of(event)
        name = leg_name(channel.id)
        if name is not None:
            self.leg_up(name, moment, told)
        elif (known := self.lines.get(channel.id)) is not None:
            if known.ours:
                self.customer_up(known, moment, told)
        elif is_call_of_ours(channel.id) and channel.dialplan.app_name != "Stasis":
            told.reactions.append((channel.id, self.reactions.hang_up(Party(channel.id))))  # for nobody
        elif not channel.name.startswith(INNER):
            line = self.incoming(channel, event.args, moment, told)
            self.let_wait(line, told)

    def incoming(self, channel: Channel, args: Sequence[str], moment: Moment, told: Told) -> Line:
        """A customer calls. `args` of Stasis() may say `queue=…`, `digits=…`, `uui=…`, `trunk=…`,
        `consent=yes` and `presentation=…`, as CALLERID(num-pres) has it."""
        line = Line(channel.id, customer=Party(channel.id, up=channel.state == "Up"))
        self.lines[line.id] = line
        said = said_in(args)
        line.agreed = agreed(said)
        withheld = said.get("presentation", "allowed").startswith(("prohib", "unavailable"))
        number = "" if withheld else channel.caller.number
        told.events.append(
            line.told(
                CallIncoming,
                Moment(channel.creationtime or moment.at, f"incoming/{channel.id}"),
                address=phone_address(number, self.exchange.region),
                to=phone_address(channel.dialplan.exten, self.exchange.region),
                from_presentation="withheld" if withheld else "allowed",
                queue=said.get("queue"),
                collected_digits=said.get("digits"),
                uui=said.get("uui"),
                trunk=said.get("trunk"),
            )
        )
        return line

    def let_wait(self, line: Line, told: Told) -> None:
        """The caller is answered, if nobody has yet, and hears music."""
        customer = line.dialled()
        told.reactions.append((line.id, self.reactions.wait(customer)))
        customer.up = True

    def leg_up(self, name: LegName, moment: Moment, told: Told) -> None:
        """Somebody whom we dialled has picked up."""
        found = self.leg(name, told)
        if found is None or found[1].up:
            return
        line, leg = found
        leg.up = True
        if leg.waits_for_key:
            told.reactions.append((line.id, self.reactions.ask_for_key(leg)))
        else:
            self._reached(line, leg, moment, told)

    def customer_up(self, line: Line, moment: Moment, told: Told) -> None:
        """The customer of a call of ours has picked up."""
        customer = line.dialled()
        if customer.up:
            return
        customer.up = True
        told.events.append(line.told(LegAnswered, moment, customer))
        for leg in line.legs.values():
            told.reactions.append((line.id, self.reactions.join_customer(line, leg)))

    def _reached(self, line: Line, leg: Party, moment: Moment, told: Told) -> None:
        leg.answered = True
        told.events.append(line.told(LegAnswered, moment, leg))
        assert leg.name is not None
        if leg.name.part == Part.DIALLING:
            told.reactions.append((line.id, self.reactions.dial_customer(line, leg, moment)))
        elif leg.name.part == Part.AWAY:
            others = [other for other in line.legs.values() if other is not leg]
            told.reactions.append((line.id, self.reactions.hand_over(line, leg, others)))
        elif leg.name.part == Part.AGENT and line.customer is not None:
            told.reactions.append((line.id, self.reactions.join(line, line.customer, leg)))
        else:
            told.reactions.append((line.id, self.reactions.join(line, leg)))

    def leg(self, name: LegName, told: Told) -> tuple[Line, Party] | None:
        """The leg of that name and its call. One for a call that is over rings for nobody."""
        line = self.lines.get(name.call_id)
        if line is None and name.part == Part.DIALLING:
            line = self.lines[name.call_id] = Line(name.call_id, ours=True)
        if line is None:
            told.reactions.append((name.call_id, self.reactions.hang_up(Party(str(name)))))
            return None
        return line, line.legs.setdefault(str(name), Party(str(name), name))

    # ---- while it rings ----

    def _dial(self, event: AriEvent, moment: Moment, told: Told) -> None:
        assert event.peer is not None
        found = self._dialled(event.peer.id, told)
        if found is None:
            return
        line, party = found
        party.dialstatus = event.dialstatus
        if event.dialstatus == "RINGING" and not party.rang:
            party.rang = True
            told.events.append(line.told(LegRinging, moment, party))

    def _dialled(self, channel_id: str, told: Told) -> tuple[Line, Party] | None:
        name = leg_name(channel_id)
        if name is not None:
            return self.leg(name, told)
        line = self.lines.get(channel_id)
        return (line, line.dialled()) if line is not None and line.ours else None

    def _digit(self, event: AriEvent, moment: Moment, told: Told) -> None:
        """Keys count while the customer waits, and where whoever picked up has to press one. What is keyed in
        during a talk is the agent's and the customer's, and may be a card number."""
        found = self.find(_of(event).id)
        if found is None:
            return
        line, party = found
        if party.waits_for_key and event.digit == KEY:
            self._reached(line, party, moment, told)
        elif party is line.customer and party.bridge == self.waiting and event.digit:
            told.events.append(line.told(CallDigits, moment, party, digits=event.digit))

    # ---- who hears whom ----

    def _entered(self, event: AriEvent, moment: Moment, told: Told) -> None:
        found = self.find(_of(event).id)
        if found is not None and event.bridge is not None:
            self.moved(*found, event.bridge.id, moment, told)

    def moved(self, line: Line, party: Party, bridge: str, moment: Moment, told: Told) -> None:
        """The channel is in that bridge now."""
        party.bridge = bridge
        if bridge == self.held and not party.held:
            party.held = True
            told.events.append(line.told(LegHeld, moment, party))
        elif bridge == talk_bridge(line.id):
            if party.held:
                told.events.append(line.told(LegResumed, moment, party))
            party.held = False
            self._bridged(line, moment, told)
        elif bridge == self.waiting:
            party.held = False

    def _bridged(self, line: Line, moment: Moment, told: Told) -> None:
        """Customer and agent hear each other. Of several at once it is about none."""
        bridge = talk_bridge(line.id)
        legs = line.talking(bridge)
        if line.customer is None or line.customer.bridge != bridge or not legs:
            return
        told.events.append(line.told(CallBridged, moment, legs[0] if len(legs) == 1 else None))
        if self.exchange.records(line) and not line.recorded:
            line.recorded = True
            told.reactions.append((line.id, self.reactions.record(line)))

    def _left(self, event: AriEvent, moment: Moment, told: Told) -> None:
        found = self.find(_of(event).id)
        if found is not None and event.bridge is not None and found[1].bridge == event.bridge.id:
            found[1].bridge = None

    # ---- who goes ----

    def _hangup_asked(self, event: AriEvent, moment: Moment, told: Told) -> None:
        """It may come twice, and after the end: then it tells nothing any more."""
        found = self.find(_of(event).id)
        if found is not None:
            found[1].taken_down |= event.soft
            found[1].cause = event.cause if found[1].cause is None else found[1].cause

    def _ended(self, event: AriEvent, moment: Moment, told: Told) -> None:
        """StasisEnd is the end; ChannelDestroyed is that of a channel that was never picked up."""
        found = self.find(_of(event).id)
        if found is None:
            return
        line, party = found
        cause = event.cause if party.cause is None else party.cause
        self.gone(line, party, _why(party, cause, event.tech_cause), moment, told)

    def gone(self, line: Line, party: Party, why: LegCause, moment: Moment, told: Told) -> None:
        if party is line.customer:
            self._customer_gone(line, party, why, moment, told)
            return
        del line.legs[party.id]
        by = "platform" if party.taken_down else "agent"
        told.events.append(line.told(LegEnded, moment, party, cause=why, by=by))
        if line.ours and not line.reached:
            told.events.append(line.told(CallEnded, moment, cause=why, by=by))
            self._clear(line, told)
        elif line.customer is not None and not any(leg.up for leg in line.legs.values()):
            self._alone(line, line.customer, party, told)

    def _customer_gone(self, line: Line, party: Party, why: LegCause, moment: Moment, told: Told) -> None:
        by = "customer"
        if party.taken_down:
            by = "agent" if any(leg.up for leg in line.legs.values()) else "platform"
        if not party.up:
            told.events.append(line.told(LegEnded, moment, party, cause=why, by=by))
            by = "platform"
        told.events.append(line.told(CallEnded, moment, cause=why, by=by))
        line.customer = None
        self._clear(line, told)

    def _alone(self, line: Line, customer: Party, last: Party, told: Told) -> None:
        """Nobody is there any more: the customer waits with music, or, sent to somebody outside, has done."""
        outside = last.up and last.name is not None and last.name.outside
        if outside:
            told.reactions.append((line.id, self.reactions.hang_up(customer)))
        elif last.up and customer.bridge != self.waiting:
            told.reactions.append((line.id, self.reactions.wait(customer)))

    def _clear(self, line: Line, told: Told) -> None:
        self.lines.pop(line.id, None)
        told.reactions.append((line.id, self.reactions.clear(line)))

    def find(self, channel_id: str) -> tuple[Line, Party] | None:
        """The known channel of that id: not one of somebody else's, nor a Local channel's other half."""
        name = leg_name(channel_id)
        line = self.lines.get(channel_id if name is None else name.call_id)
        if line is None:
            return None
        party = line.customer if name is None else line.legs.get(channel_id)
        return None if party is None else (line, party)

    # ---- what was played and recorded ----

    def _played(self, event: AriEvent, moment: Moment, told: Told) -> None:
        """Also one that failed, its sound missing: the customer has been turned away all the same."""
        assert event.playback is not None
        call_id = call_of_last_word(event.playback.id)
        if call_id is not None:
            told.reactions.append((call_id, self.reactions.hang_up(Party(call_id))))
        call_id = call_of_invitation(event.playback.id)
        if call_id is not None:
            told.reactions.append((call_id, self.reactions.take_message(call_id)))

    def _recorded(self, event: AriEvent, moment: Moment, told: Told) -> None:
        recording = event.recording
        assert recording is not None
        call_id = call_of_message(recording.name)
        if call_id is not None:
            self._ready(call_id, recording, "announced", moment, told)
            told.reactions.append((call_id, self.reactions.hang_up(Party(call_id))))
        elif (call_id := call_of_bridge(recording.target_uri.removeprefix("bridge:"))) is not None:
            consent = None if self.exchange.recording == "off" else self.exchange.recording
            self._ready(call_id, recording, consent, moment, told)

    def _ready(
        self, call_id: str, recording: Recorded, consent: str | None, moment: Moment, told: Told
    ) -> None:
        line = self.lines.get(call_id) or Line(call_id)
        about: dict[str, Any] = {
            "url": self.exchange.ari.address("recordings", "stored", recording.name, "file"),
            "duration_seconds": recording.duration,
            "consent": consent,
            "media": {"recording": recording.name},
            "copied": self.exchange.copied,
        }
        told.events.append(line.told(RecordingReady, moment, None, **about))

    def _not_recorded(self, event: AriEvent, moment: Moment, told: Told) -> None:
        """Who could not leave a message waits for nothing."""
        assert event.recording is not None
        call_id = call_of_message(event.recording.name)
        if call_id is not None:
            told.reactions.append((call_id, self.reactions.hang_up(Party(call_id))))


def _why(party: Party, cause: int | None, tech_cause: int | None) -> LegCause:
    if party.taken_down:
        return "normal"
    if party.up:
        return hung_up(cause)
    return not_answered(cause, tech_cause, party.dialstatus, rang=party.rang)


def _of(event: AriEvent) -> Channel:
    assert event.channel is not None
    return event.channel


Act = Callable[[Switchboard, AriEvent, Moment, Told], None]

_ACTS: Final[dict[str, Act]] = {
    "StasisStart": Switchboard._started,
    "Dial": Switchboard._dial,
    "ChannelDtmfReceived": Switchboard._digit,
    "ChannelEnteredBridge": Switchboard._entered,
    "ChannelLeftBridge": Switchboard._left,
    "ChannelHangupRequest": Switchboard._hangup_asked,
    "StasisEnd": Switchboard._ended,
    "ChannelDestroyed": Switchboard._ended,
    "PlaybackFinished": Switchboard._played,
    "RecordingFinished": Switchboard._recorded,
    "RecordingFailed": Switchboard._not_recorded,
}
