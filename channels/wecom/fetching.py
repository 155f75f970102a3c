"""One page of `sync_msg`, whose cursor goes 3 days back, with the customers' names, and a greeting for who
has just opened the conversation."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from app.events import InboundEvent
from channels.abilities import Fetched, Steps
from channels.base import WireResponse
from channels.wecom.codes import CALLBACK_TOKEN_ENDED, CODES
from channels.wecom.config import WecomConfig
from channels.wecom.payload import ENTERED, Item, customer_of, event_members, event_of
from channels.weixin import api
from channels.weixin.words import shown_name

PAGE_MAX: Final = 100
"""As many customers as can be asked for their names at once."""

WELCOME_SECONDS: Final = 20.0
"""So long after the customer came may they be greeted."""


def page(
    platform: api.Api, config: WecomConfig, state: Mapping[str, Any], hint: Mapping[str, Any]
) -> Steps[Fetched]:
    """Raises NotDone."""
    response = yield from _asked(platform, config, state, hint)
    told = api.answered(response, CODES)
    items = [item for item in told.get("msg_list") or () if isinstance(item, dict)]
    if config.greeting is not None:
        for code in _just_entered(items, response):
            yield platform.post("kf/send_msg_on_event", _greeting(code, config.greeting))
    names = yield from _names(platform, items)
    events = _in_order([event_of(item, config.corp_id, names) for item in items], state.get("last_at"))
    cursor = told.get("next_cursor") or state.get("cursor", "")
    times = [event.occurred_at.isoformat() for event in events if event.occurred_at]
    reached = {"cursor": cursor, "last_at": times[-1] if times else state.get("last_at")}
    return Fetched(events, reached, more=bool(told.get("has_more")))


def _in_order(events: Sequence[InboundEvent], last_at: str | None) -> Sequence[InboundEvent]:
    """Times are in whole seconds; of one second the list knows the order, and a millisecond keeps it, from
    page to page too."""
    last = datetime.fromisoformat(last_at) if last_at else None
    found = []
    for event in events:
        at = event.occurred_at
        if at is not None and last is not None and at <= last < at + timedelta(seconds=1):
            event = event.model_copy(update={"occurred_at": last + timedelta(milliseconds=1)})
        last = event.occurred_at or last
        found.append(event)
    return found


def _asked(
    platform: api.Api, config: WecomConfig, state: Mapping[str, Any], hint: Mapping[str, Any]
) -> Steps[WireResponse]:
    asked = {
        "cursor": state.get("cursor", ""),
        "open_kfid": config.open_kfid,
        "limit": PAGE_MAX,
        "voice_format": 0,
    }
    token = hint.get("token", "")
    response = yield platform.post("kf/sync_msg", {**asked, "token": token} if token else asked)
    if token and api.members(response).get("errcode") == CALLBACK_TOKEN_ENDED:
        response = yield platform.post("kf/sync_msg", asked)
    return response


def _just_entered(items: Sequence[Item], response: WireResponse) -> Iterator[str]:
    """The codes by which customers may be greeted, by the platform's own clock."""
    try:
        now: datetime = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return
    for item in items:
        members, at = event_members(item), item.get("send_time")
        code = members.get("welcome_code")
        entered = members.get("event_type") == ENTERED and isinstance(code, str) and code
        if entered and isinstance(at, int) and now.timestamp() - at <= WELCOME_SECONDS:
            yield str(code)


def _greeting(code: str, text: str) -> dict[str, Any]:
    return {"code": code, "msgtype": "text", "text": {"content": text}}


def _names(platform: api.Api, items: Sequence[Item]) -> Steps[Mapping[str, str]]:
    """By `external_userid`; none where the platform does not tell them now: no message waits for it."""
    customers = list(dict.fromkeys(filter(None, map(customer_of, items))))
    if not customers:
        return {}
    response = yield platform.post("kf/customer/batchget", {"external_userid_list": customers})
    found = api.members(response).get("customer_list") or ()
    return {
        str(one["external_userid"]): shown_name(str(one["nickname"]))
        for one in found
        if isinstance(one, dict) and one.get("nickname") and one.get("external_userid")
    }
