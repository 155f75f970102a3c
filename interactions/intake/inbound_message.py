"""Chat and messaging: a customer's message continues the conversation that the channel names."""

from app.events import MessageReceived
from interactions.intake.arrival import Arrival
from interactions.intake.inbound import Inbound
from models.endpoint import Endpoint


def arrival(inbound: Inbound, event: MessageReceived, endpoint: Endpoint) -> Arrival:
    address = event.address
    return Arrival(
        endpoint=endpoint,
        channel=endpoint.channel,
        kind="message",
        at=inbound.at,
        address=address,
        conversation=event.conversation or (None if address is None else address.value),
        name=event.name,
        also=event.claimed,
        text=event.text,
        payload=event.payload,
        uploads=event.attachments,
        wakes=event.wakes,
        sealed_numbers=event.sealed_numbers,
        provider_id=event.external_id,
    )
