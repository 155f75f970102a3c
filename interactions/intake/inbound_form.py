"""Forms: each is a piece of work of its own. What it says about its sender is a claim (customers.identity).

Who leaves a mail address expects a mail: with a mailbox of the same queue (else any) the work is of channel
`email` and answered there. Without one it is a task: the agent calls, or the request needs no answer. Who
asks for a call is called, where a telephone platform takes our orders.
"""

from collections.abc import Iterable

from app.addresses import phone_address
from app.clock import rfc3339
from app.events import Address, FormSubmitted
from interactions.intake.arrival import Arrival, CallWanted
from interactions.intake.inbound import Inbound
from models.endpoint import Endpoint


def arrival(
    inbound: Inbound, event: FormSubmitted, endpoint: Endpoint, endpoints: Iterable[Endpoint]
) -> Arrival:
    line = _line(endpoint, endpoints) if event.callback else None
    if line is not None:
        return _callback(inbound, event, endpoint, line)
    mailbox = _mailbox(endpoint, endpoints) if event.email else None
    email = Address(kind="email", value=event.email) if event.email else None
    phone = phone_address(event.phone) if event.phone else None
    claimed = [address for address in (event.address, email, phone) if address is not None]
    return Arrival(
        endpoint=mailbox or endpoint,
        came_by=endpoint,
        channel="email" if mailbox else endpoint.channel,
        kind="form",
        at=inbound.at,
        address=claimed[0] if claimed else None,
        also=tuple(address for address in claimed[1:] if address != claimed[0]),
        name=event.name,
        claimed=True,
        subject=event.subject,
        text=event.text,
        payload=_payload(event),
        uploads=event.attachments,
        sealed_numbers=event.sealed_numbers,
        queue=endpoint.queue,
        thread={"subject": event.subject},
    )


def _callback(inbound: Inbound, event: FormSubmitted, endpoint: Endpoint, line: Endpoint) -> Arrival:
    phone = phone_address(event.phone or "")
    assert phone is not None, "the adapter has read it"
    return Arrival(
        endpoint=line,
        came_by=endpoint,
        channel="voice",
        kind="form",
        at=inbound.at,
        address=phone,
        also=(Address(kind="email", value=event.email),) if event.email else (),
        name=event.name,
        claimed=True,
        subject=event.subject,
        text=event.text,
        payload=_payload(event),
        uploads=event.attachments,
        sealed_numbers=event.sealed_numbers,
        queue=endpoint.queue,
        call=CallWanted(phone.value, event.call_at),
    )


def _line(form: Endpoint, endpoints: Iterable[Endpoint]) -> Endpoint | None:
    lines = [e for e in endpoints if e.controls_calls and e.retired_at is None]
    return min(lines, key=lambda line: (line.queue != form.queue, line.key), default=None)


def _mailbox(form: Endpoint, endpoints: Iterable[Endpoint]) -> Endpoint | None:
    boxes = [e for e in endpoints if e.channel == "email" and e.retired_at is None]
    boxes.sort(key=lambda box: (box.queue != form.queue, box.key))
    return boxes[0] if boxes else None


def _payload(event: FormSubmitted) -> dict[str, object]:
    told = {"reference": event.external_id, "email": event.email, "phone": event.phone}
    if event.call_at is not None:
        told["call_at"] = rfc3339(event.call_at)
    return {**{name: value for name, value in told.items() if value}, "fields": event.fields, "claimed": True}
