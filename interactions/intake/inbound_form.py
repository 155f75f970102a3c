"""Forms: each is a piece of work of its own. What it says about its sender is a claim (customers.identity).

Who leaves a mail address expects a mail: with a mailbox of the same queue (else any) the work is of channel
`email` and answered there. Without one it is a task: the agent calls, or the request needs no answer.
"""

from collections.abc import Iterable

from app.addresses import phone_address
from app.events import Address, FormSubmitted
from interactions.intake.arrival import Arrival
from interactions.intake.inbound import Inbound
from models.endpoint import Endpoint


def arrival(
    inbound: Inbound, event: FormSubmitted, endpoint: Endpoint, endpoints: Iterable[Endpoint]
) -> Arrival:
    mailbox = _mailbox(endpoint, endpoints) if event.email else None
    email = Address(kind="email", value=event.email) if event.email else None
    phone = phone_address(event.phone) if event.phone else None
    claimed = [address for address in (event.address, email, phone) if address is not None]
    return Arrival(
        endpoint=mailbox or endpoint,
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
        queue=endpoint.queue,
        thread={"subject": event.subject},
    )


def _mailbox(form: Endpoint, endpoints: Iterable[Endpoint]) -> Endpoint | None:
    boxes = [e for e in endpoints if e.channel == "email" and e.retired_at is None]
    boxes.sort(key=lambda box: (box.queue != form.queue, box.key))
    return boxes[0] if boxes else None


def _payload(event: FormSubmitted) -> dict[str, object]:
    told = {"reference": event.external_id, "email": event.email, "phone": event.phone}
    return {**{name: value for name, value in told.items() if value}, "fields": event.fields, "claimed": True}
