"""Automatic answers at a door: one to a sender in a week, never to a machine."""

from interactions.intake.arrival import Arrival
from interactions.intake.intake_context import IntakeContext
from interactions.life.work import Work
from interactions.touches import outgoing
from interactions.touches.outgoing import SYSTEM, Draft
from interactions.touches.touches import Written


def answer(context: IntakeContext, work: Work, arrival: Arrival, text: str) -> None:
    """Tell the customer `text`, where the channel can and may."""
    address_id = context.parties[arrival.from_address].address_id
    x = work.interaction
    if not outgoing.reachable(arrival.address) or x.channel not in ("chat", "messaging", "email"):
        return
    if x.channel == "email" and (x.follows_id is not None or not context.guard.may_answer(address_id)):
        return
    if x.endpoint_id is not None and not context.windows.take((x.endpoint_id, address_id)):
        return
    draft = Draft(text, SYSTEM, automatic=True)
    out = outgoing.compose(work, address_id, draft, context.directory, context.now)
    context.written.append(Written(out.touch, arrival.address, work, arrival.visitor_id))
    if out.delivery is not None:
        context.deliveries.append(out.delivery)
    if out.reference is not None:
        context.references.append(out.reference)
