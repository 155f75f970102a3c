"""What callers and agents are told to do: the documents, read as XML."""

import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.channels.twilio.test_voice_events import CALL, COMMAND, adapter
from tests.channels.twilio.wire import URL, signed

FIELDS = {"CallSid": CALL, "CallStatus": "ringing", "From": "+14158675309", "To": "+14155550100"}
NOTICE = {"recording_notice": "We record. Press 1 to agree."}


def document(query: str = "", fields: dict[str, str] = FIELDS, **config: object) -> ET.Element:
    request = signed(fields, query)
    ours = adapter(**config)
    answer = ours.answer(request, ours.parse(request))
    assert answer.headers["content-type"].startswith("text/xml")
    return ET.fromstring(answer.body)


def tags(document: ET.Element) -> list[str]:
    return [verb.tag for verb in document]


def room(document: ET.Element) -> ET.Element:
    found = document.find("Dial/Conference")
    assert found is not None
    return found


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


class TestWaiting:
    def test_a_conference_of_their_own_that_starts_with_the_agent(self) -> None:
        found = room(document())
        assert found.text == CALL
        assert (found.get("startConferenceOnEnter"), found.get("endConferenceOnExit")) == ("false", "true")
        assert (found.get("participantLabel"), found.get("beep")) == ("customer", "false")
        assert found.get("statusCallback") == f"{URL}?on=conference#rc=5&rp=all"
        assert found.get("record") is None

    def test_greeting_menu_and_music(self) -> None:
        told = document(
            greeting="Hi & <welcome>\x07", menu="Press 1", music_url="https://x.test/m.mp3", language="en-GB"
        )
        assert tags(told) == ["Say", "Gather", "Dial"]
        assert told[0].text == "Hi & <welcome>" and told[0].get("language") == "en-GB"
        assert query_of(told[1].get("action", "")) == {"on": "digits", "call": CALL}
        assert room(told).get("waitUrl") == "https://x.test/m.mp3"

    def test_a_sound_file_is_played(self) -> None:
        told = document(greeting="https://x.test/hello.mp3")
        assert (told[0].tag, told[0].text) == ("Play", "https://x.test/hello.mp3")

    @pytest.mark.parametrize("on", ["digits", "waiting"])
    def test_back_to_the_music(self, on: str) -> None:
        told = document(f"on={on}&call={CALL}&consent=announced", greeting="Hi", menu="Press 1")
        assert tags(told) == ["Dial"] and room(told).text == CALL


class TestRecording:
    def test_announced(self) -> None:
        told = document(recording="announced", **NOTICE)
        assert tags(told) == ["Say", "Dial"]
        assert room(told).get("record") == "record-from-start"
        callback = room(told).get("recordingStatusCallback", "")
        assert query_of(callback) == {"on": "recording", "call": CALL, "consent": "announced"}

    def test_opt_in_records_nobody_who_has_not_agreed(self) -> None:
        asked = document(recording="opt_in", **NOTICE)
        assert tags(asked) == ["Gather", "Dial"] and room(asked).get("record") is None
        action = urlsplit(asked[0].get("action", "")).query
        agreed = document(action, FIELDS | {"Digits": "1"}, recording="opt_in", **NOTICE)
        refused = document(action, FIELDS | {"Digits": "2"}, recording="opt_in", **NOTICE)
        assert room(agreed).get("record") == "record-from-start"
        assert "consent=opt_in" in room(agreed).get("recordingStatusCallback", "")
        assert room(refused).get("record") is None


class TestAgent:
    QUERY = f"on=confirm&call={CALL}&label=agent-{COMMAND}"

    def test_asked_before_they_join(self) -> None:
        told = document(self.QUERY)
        assert tags(told) == ["Gather", "Hangup"]
        action = urlsplit(told[0].get("action", "")).query
        joined = document(action, FIELDS | {"Digits": "1"})
        assert room(joined).text == CALL
        assert room(joined).get("participantLabel") == f"agent-{COMMAND}"
        assert tags(document(action, FIELDS | {"Digits": "9"})) == ["Hangup"]

    def test_keys_for_the_other_side(self) -> None:
        told = document("on=announce&digits=12%23")
        assert told[0].get("digits") == "12#"


class TestNothingToDo:
    @pytest.mark.parametrize(
        "query", ["on=call", f"on=recording&call={CALL}", f"on=leg&call={CALL}", "on=voicemail"]
    )
    def test_callbacks(self, query: str) -> None:
        fields = FIELDS | {"RecordingSid": "RE1", "RecordingUrl": "https://x.test/r"}
        assert tags(document(query, fields)) == []

    def test_an_end_at_the_address_of_calls(self) -> None:
        assert tags(document("", FIELDS | {"CallStatus": "completed"})) == []


class TestUnavailable:
    def test_the_fallback_number(self) -> None:
        answer = adapter(fallback_number="+13125550142").unavailable(signed(FIELDS))
        assert answer is not None
        assert [(verb.tag, verb.text) for verb in ET.fromstring(answer.body)] == [("Dial", "+13125550142")]

    def test_a_message_after_the_beep(self) -> None:
        answer = adapter().unavailable(signed(FIELDS))
        assert answer is not None
        told = ET.fromstring(answer.body)
        assert tags(told) == ["Say", "Record", "Hangup"]
        assert query_of(told[1].get("action", "")) == {"on": "voicemail"}

    def test_who_waits_goes_on_waiting(self) -> None:
        answer = adapter().unavailable(signed(FIELDS | {"Digits": "1"}, f"on=digits&call={CALL}"))
        assert answer is not None and tags(ET.fromstring(answer.body)) == ["Dial"]

    def test_callbacks_come_again(self) -> None:
        assert adapter().unavailable(signed(FIELDS, "on=conference")) is None
