"""What Twilio's list of messages knows and a lost webhook did not tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from app.events import InboundEvent
from channels.abilities import Fetched, Steps
from channels.base import WireRequest
from channels.twilio.config import SmsConfig
from channels.twilio.rest import PAGE_SIZE, Rest, document, time_of, told_at
from channels.twilio.sms_events import receipt, received

OVERLAP: Final = timedelta(hours=1)
"""Receipts come late; what is told twice is a duplicate by its id and state."""

PAGES_MAX: Final = 50


def since_then(rest: Rest, config: SmsConfig, state: Mapping[str, Any]) -> Steps[Fetched]:
    """The first time only the hour is learnt: what came before us is not ours. A list that cannot be read
    leaves all as it is."""
    since = state.get("since")
    if since is None:
        answer = yield rest.get("Messages", PageSize=1)
        return Fetched(state=_state(told_at(answer)) or dict(state))
    page: WireRequest | None = rest.get("Messages", **{"DateSent>": since, "PageSize": PAGE_SIZE})
    events: list[InboundEvent] = []
    now: datetime | None = None
    for _ in range(PAGES_MAX):
        if page is None:
            break
        answer = yield page
        if answer.status != 200:
            return Fetched(state=dict(state))
        now = now or told_at(answer)
        listed = document(answer)
        for row in listed.get("messages") or ():
            events += (yield from _told(rest, row)) if _is_ours(config, row) else ()
        page = rest.next_page(str(listed.get("next_page_uri") or ""))
    return Fetched(events, _state(now) or dict(state))


def _told(rest: Rest, row: Mapping[str, Any]) -> Steps[Sequence[InboundEvent]]:
    """Nothing for what says nothing new."""
    sid, at = str(row.get("sid")), time_of(row.get("date_sent") or row.get("date_created"))
    if row.get("direction") != "inbound":
        told = receipt(sid, str(row.get("status")), str(row.get("error_code") or ""))
        return () if told is None else (told.model_copy(update={"occurred_at": at}),)
    known = {"MessageSid": sid, "From": row.get("from"), "To": row.get("to"), "Body": row.get("body")}
    fields = {name: str(value) for name, value in known.items() if value}
    if str(row.get("num_media") or "0") != "0":
        listed = document((yield rest.get("Messages", sid, "Media")))
        fields |= _files(listed.get("media_list") or ())
    return (received(fields).model_copy(update={"occurred_at": at}),)


def _files(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The files as a webhook would tell them."""
    fields = {"NumMedia": str(len(rows))}
    for index, row in enumerate(rows):
        fields[f"MediaUrl{index}"] = str(row.get("uri") or "").removesuffix(".json")
        fields[f"MediaContentType{index}"] = str(row.get("content_type") or "")
    return fields


def _is_ours(config: SmsConfig, row: Mapping[str, Any]) -> bool:
    service = config.messaging_service_sid
    if service is not None and row.get("messaging_service_sid") == service:
        return True
    number = row.get("to") if row.get("direction") == "inbound" else row.get("from")
    return config.address is not None and number == config.address


def _state(now: datetime | None) -> dict[str, Any]:
    return {} if now is None else {"since": (now - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")}
