"""Who reached nobody and spoke after the tone: the message is work for the queue, and never a live call."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.clock import new_id
from app.events import Attachment
from customers import identity
from customers.identity import Party, Sighting
from interactions.calls.call_facts import happened
from interactions.intake.intake_context import IntakeContext
from interactions.life.work import Work
from interactions.touches import media
from interactions.touches.touches import Written
from models.call import Call
from models.customer import ContactAddress
from models.tenant import Tenant
from models.touch import Touch

CHANNEL: Final = "task"
"""As what it is routed: it waits as long as a task may, and interrupts nobody."""

SUBJECTS: Final = {"zh": "语音留言", "en": "Voicemail"}


async def take(context: IntakeContext, calls: Iterable[Call]) -> None:
    """New work for each call of the batch whose message is complete; no statement where there is none."""
    left = {call.id: call for call in calls if _has_message(context, call)}
    if not left:
        return
    address_ids = {_caller(context, call).interaction.address_id for call in left.values()}
    rows = await ContactAddress.known(context.session, [id_ for id_ in address_ids if id_ is not None])
    sightings = [Sighting(row.address) for row in rows.values()]
    found = await identity.resolve(context.session, context.tenant_id, sightings)
    parties = {party.address_id: party for party in found.values()}
    tenant = await context.session.get_one(Tenant, context.tenant_id)
    subject = _subject(tenant.languages)
    for call in left.values():
        _open(context, call, parties, subject)


def recordings(call: Call) -> list[dict[str, Any]]:
    """What was said; a silent one (0 seconds) says nothing."""
    return [told for told in call.facts.get("recordings", ()) if told["duration_seconds"] != 0]


def file_of(recording: dict[str, Any], number: int) -> Attachment:
    name = f"recording-{number}.wav"
    return Attachment(name=name, content_type="audio/wav", size=0, media=recording["media"])


def _has_message(context: IntakeContext, call: Call) -> bool:
    """It is over, nobody of ours was ever in it, and something was recorded."""
    if call.interaction_id is None or "message" in call.facts or "incoming" not in call.facts:
        return False
    over = "ended" in call.facts or call.ended_at is not None
    alone = call.bridged_at is None and not any(leg.get("leg") == "agent" for leg in call.legs.values())
    return (
        over and alone and bool(recordings(call)) and _caller(context, call).interaction.last_agent_id is None
    )


def _caller(context: IntakeContext, call: Call) -> Work:
    assert call.interaction_id is not None
    return context.desk.works[call.interaction_id]


def _open(context: IntakeContext, call: Call, parties: Mapping[UUID, Party], subject: str) -> None:
    """It follows the call, in the same queue, whose door it passes: for messages it is open."""
    x = _caller(context, call).interaction
    assert x.address_id is not None and x.endpoint_id is not None
    work = context.new_work(
        interaction_id=new_id(),
        endpoint=context.endpoints[x.endpoint_id],
        channel=CHANNEL,
        party=parties[x.address_id],
        conversation=None,
        queue=x.queue,
        follows=x,
        subject=subject,
    )
    at = happened(call, "ended") or context.now
    work.touched(at, by_customer=True)
    work.enter_queue(x.queue, "new")
    call.facts = {**call.facts, "message": str(work.interaction.id)}
    files = [file_of(told, n) for n, told in enumerate(recordings(call), 1) if told.get("media")]
    touch = _touch(work, call, files, at)
    context.written.append(Written(touch, parties[x.address_id].address, work))
    context.deliveries += media.deliveries(touch, files, context.now)


def _subject(languages: Sequence[str]) -> str:
    """In the first of the tenant's languages that has a word for it."""
    known = [language.partition("-")[0] for language in languages]
    return next((SUBJECTS[language] for language in known if language in SUBJECTS), SUBJECTS["en"])


def _touch(work: Work, call: Call, files: list[Attachment], at: datetime) -> Touch:
    x, said = work.interaction, recordings(call)
    seconds = [told["duration_seconds"] for told in said if told["duration_seconds"] is not None]
    return Touch(
        tenant_id=x.tenant_id,
        id=new_id(),
        address_id=x.address_id,
        endpoint_id=x.endpoint_id,
        at=at,
        direction="inbound",
        kind="message",
        channel="voice",
        subject=x.subject,
        text="",
        payload={
            "voicemail": True,
            "call_id": call.call_id,
            "urls": [told["url"] for told in said],
            **({"duration_seconds": sum(seconds)} if seconds else {}),
        },
        author={"type": "customer", "id": None, "name": None},
        attachments=[media.shown(file) for file in files],
        delivery_hops=[],
        version=1,
    )
