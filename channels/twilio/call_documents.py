"""What callers and agents are told to hear and do: the TwiML that answers Twilio's requests."""

from collections.abc import Callable, Mapping
from typing import Final

from channels.base import WireRequest, WireResponse
from channels.twilio import twiml
from channels.twilio.config import VoiceConfig
from channels.twilio.endpoint import callback, here
from channels.twilio.form import fields_of, query_of
from channels.twilio.labels import CUSTOMER
from channels.twilio.twiml import element

CONFERENCE_EVENTS: Final = "start end join leave hold"
CONSENT_SECONDS: Final = 6
MESSAGE_SECONDS: Final = 180
OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

Query = Mapping[str, str]


class Documents:
    """Every caller waits in a conference of their own that starts when an agent joins it."""

    def __init__(self, config: VoiceConfig) -> None:
        self._config = config
        self._answers: Mapping[str, Callable[[WireRequest, Query, Mapping[str, str]], WireResponse]] = {
            "": self._welcome,
            "consent": self._consented,
            "digits": self._wait,
            "waiting": self._wait,
            "confirm": self._confirm,
            "confirmed": self._confirmed,
            "announce": self._announce,
        }

    def answer(self, request: WireRequest) -> WireResponse:
        query = query_of(request.url)
        make = self._answers.get(query.get("on", ""))
        return twiml.response() if make is None else make(request, query, fields_of(request))

    def unavailable(self, request: WireRequest) -> WireResponse | None:
        """The fallback number, or a message after the beep. Who waits goes on waiting."""
        on = query_of(request.url).get("on", "")
        if on == "digits":
            return self.answer(request)
        if on:
            return None
        if self._config.fallback_number is not None:
            return twiml.response(element("Dial", twiml.text(self._config.fallback_number)))
        record = self.message(here(request.url, on="voicemail"))
        return twiml.response(self.say(self._config.sorry), record, element("Hangup"))

    def say(self, words: str) -> str:
        """An announcement: a sound file's address is played, all else is spoken."""
        if words.startswith(("https://", "http://")):
            return element("Play", twiml.text(words))
        return element("Say", twiml.text(words), language=self._config.language)

    def message(self, over: str, ready: str | None = None) -> str:
        """A tone, then what the caller says until they are silent, press a key or hang up."""
        return element("Record", action=over, recordingStatusCallback=ready, maxLength=MESSAGE_SECONDS)

    def announcement(self, name: str) -> str:
        words = self._config.announcements.get(name)
        return "" if words is None else self.say(words)

    def _welcome(self, request: WireRequest, query: Query, fields: Mapping[str, str]) -> WireResponse:
        config, call = self._config, fields.get("CallSid", "")
        if fields.get("CallStatus") in OVER:
            return twiml.response()
        said = [] if config.greeting is None else [self.say(config.greeting)]
        notice = self.say(config.recording_notice or "")
        if config.recording == "opt_in":
            action = here(request.url, on="consent", call=call)
            said.append(element("Gather", notice, action=action, numDigits=1, timeout=CONSENT_SECONDS))
        elif config.recording == "announced":
            said.append(notice)
        consent = "announced" if config.recording == "announced" else None
        return twiml.response(*said, *self._menu(request.url, call, consent))

    def _consented(self, request: WireRequest, query: Query, fields: Mapping[str, str]) -> WireResponse:
        consent = "opt_in" if fields.get("Digits") == "1" else None
        return twiml.response(*self._menu(request.url, query.get("call", ""), consent))

    def _menu(self, url: str, call: str, consent: str | None) -> list[str]:
        room = self._room(url, call, CUSTOMER, consent)
        if self._config.menu is None:
            return [room]
        action = here(url, on="digits", call=call, consent=consent)
        digits = self._config.menu_digits
        return [element("Gather", self.say(self._config.menu), action=action, numDigits=digits), room]

    def _wait(self, request: WireRequest, query: Query, fields: Mapping[str, str]) -> WireResponse:
        return twiml.response(self._room(request.url, query.get("call", ""), CUSTOMER, query.get("consent")))

    def _confirm(self, request: WireRequest, query: Query, fields: Mapping[str, str]) -> WireResponse:
        action = here(request.url, **{**query, "on": "confirmed"})
        asked = element("Gather", self.say(self._config.confirm_prompt), action=action, numDigits=1)
        return twiml.response(asked, element("Hangup"))

    def _confirmed(self, request: WireRequest, query: Query, fields: Mapping[str, str]) -> WireResponse:
        if fields.get("Digits") != "1":
            return twiml.response(element("Hangup"))
        told = {name: query[name] for name in ("to", "from", "command") if name in query}
        room = element(
            "Conference",
            twiml.text(query.get("call", "")),
            startConferenceOnEnter=True,
            endConferenceOnExit=False,
            beep=False,
            participantLabel=query.get("label"),
            statusCallback=callback(request.url, on="conference", alone="1", **told),
            statusCallbackEvent=CONFERENCE_EVENTS,
        )
        return twiml.response(element("Dial", room))

    def _announce(self, request: WireRequest, query: Query, fields: Mapping[str, str]) -> WireResponse:
        if "digits" in query:
            return twiml.response(element("Play", digits=query["digits"]))
        return twiml.response(self.announcement(query.get("name", "")))

    def _room(self, url: str, call: str, label: str, consent: str | None) -> str:
        music = self._config.music_url
        room = element(
            "Conference",
            twiml.text(call),
            startConferenceOnEnter=False,
            endConferenceOnExit=True,
            beep=False,
            participantLabel=label,
            waitUrl=None if music is None else str(music),
            waitMethod=None if music is None else "GET",
            statusCallback=callback(url, on="conference", consent=consent),
            statusCallbackEvent=CONFERENCE_EVENTS,
            record="record-from-start" if consent else None,
            recordingStatusCallback=callback(url, on="recording", call=call, consent=consent)
            if consent
            else None,
        )
        return element("Dial", room)
