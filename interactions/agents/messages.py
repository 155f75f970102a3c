"""What is written in an interaction by us: an agent's reply, internal notes, the warning of a silent chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import AgentPrincipal
from app.clock import new_id, rfc3339
from app.errors import Invalid, KeyReused, NotFound, ReplyWindowClosed, Stale
from app.events import Address
from app.text import clean_text
from channels.base import Button, ChosenTemplate
from channels.email.html_text import safe_html, text_of_html
from interactions.agents.files import hang_on, own_files
from interactions.agents.limits import check_fits, check_quote
from interactions.agents.templates import Approved, signature_of
from interactions.intake.arrival import visitor_of
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from interactions.touches.outgoing import SYSTEM, Directory, Draft, Outgoing, compose, reachable
from interactions.touches.reply_windows import ReplyWindows, messages_of, place_of
from interactions.touches.touches import Written, write
from models.attachment import Attachment
from models.bulk import insert_rows
from models.customer import ContactAddress
from models.interaction import Interaction
from models.leg import LegState
from models.touch import Touch

WRITTEN_CHANNELS: Final = frozenset({"chat", "messaging", "email"})
SILENCE_WARNING: Final = {
    "en": "Are you still there? This chat closes soon if we hear nothing.",
    "zh": "您还在吗？如果没有回复，本次对话将很快结束。",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """`version`: the interaction's that the agent saw. The same `client_message_id` is the same touch.
    `template` goes instead of all else. `quotes`: the touch that the customer shall see it answers; `buttons`
    are ready answers."""

    text: str
    client_message_id: str
    version: int
    html: str | None = None
    attachments: Sequence[UUID] = ()
    template: ChosenTemplate | None = None
    buttons: Sequence[Button] = ()
    quotes: UUID | None = None


class Messages:
    """One agent's writing in one transaction."""

    def __init__(
        self, session: AsyncSession, agent: AgentPrincipal, policies: PolicyBook, directory: Directory
    ) -> None:
        self.session, self.agent = session, agent
        self.policies, self.directory = policies, directory

    async def reply(self, interaction_id: UUID, wanted: Reply) -> dict[str, Any]:
        """Answer the customer on the channel and at the address that they came from; the touch.

        Raises IllegalTransition unless the work is in this agent's hands, Stale with what was missed, Invalid
        for an empty message, what the channel does not take, files that are not theirs, what cannot be quoted
        or a template that cannot be filled so, KeyReused, ReplyWindowClosed.
        """
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id, [self.agent.id])
        address_id = work.interaction.address_id
        address = await ContactAddress.address_of(self.session, address_id)
        earlier = await Touch.sent_before(
            self.session, interaction_id, self.agent.id, wanted.client_message_id
        )
        if earlier is not None:
            return self._repeated(earlier, wanted).item(address)
        self._may_write(work, address)
        await self._is_fresh(work.interaction, wanted.version)
        files = await own_files(self.session, self.agent, wanted.attachments)
        assert address_id is not None
        draft = await self._draft(wanted, files, work.interaction)
        known = self.directory.get(work.interaction.endpoint_id) if work.interaction.endpoint_id else None
        if known is not None:
            check_fits(draft, known.adapter.capabilities, self.directory.public_url)
        await check_quote(self.session, work, draft)
        await take_reply(self.directory, desk, work, draft)
        out = compose(work, address_id, draft, self.directory, desk.now)
        work.touched(desk.now, by_customer=False)
        if work.interaction.channel != "chat":
            work.first_answer()
        await desk.save()
        await self._write(desk, work, out, address)
        await hang_on(self.session, self.agent, files, out.touch)
        return out.touch.item(address)

    async def note(self, interaction_id: UUID, text: str) -> dict[str, Any]:
        """An internal note; the customer never sees it. Raises NotFound."""
        desk, work = await Desk.one(self.session, self.agent.tenant_id, interaction_id)
        touch = await write_note(desk, work, self.agent, text, self.directory)
        return touch.item(await ContactAddress.address_of(self.session, touch.address_id))

    def _may_write(self, work: Work, address: Address | None) -> None:
        leg = work.held_by(self.agent.id)
        if leg.state not in (LegState.ACTIVE, LegState.HELD):
            raise work.illegal("is not accepted yet")
        if work.interaction.channel not in WRITTEN_CHANNELS:
            raise work.illegal("cannot be answered in writing")
        if not reachable(address):
            raise work.illegal("has no address to answer to")

    async def _is_fresh(self, interaction: Interaction, seen: int) -> None:
        if seen >= interaction.relevant_version:
            return
        missed = await Touch.missed(self.session, interaction.id, seen)
        address = await ContactAddress.address_of(self.session, interaction.address_id)
        raise Stale(
            "The customer wrote, or the work changed, since you looked.",
            version=interaction.version,
            missed=[touch.item(address) for touch in missed],
            interaction={"state": str(interaction.state), "queue": interaction.queue},
        )

    async def _draft(self, wanted: Reply, files: Sequence[Attachment], x: Interaction) -> Draft:
        author = self.agent.author
        payload: dict[str, Any] = {"client_message_id": wanted.client_message_id}
        if wanted.template is not None:
            text, template = Approved(self.directory, x.endpoint_id).said(wanted.template)
            return Draft(text=text, author=author, payload=payload | template)
        payload |= _shown_with(wanted)
        html = safe_html(clean_text(wanted.html)) if wanted.html else None
        text = clean_text(wanted.text) or (text_of_html(html) if html else "")
        if not text.strip() and not files:
            raise Invalid(errors=[{"pointer": "/text", "message": "say something"}])
        return Draft(
            text=text,
            html=html,
            author=author,
            payload=payload | await signature_of(self.session, self.policies, self.agent, x),
            attachments=[file.item() for file in files],
        )

    def _repeated(self, earlier: Touch, wanted: Reply) -> Touch:
        if not self._is_same(earlier, wanted):
            raise KeyReused("This client_message_id was used for another message.")
        return earlier

    def _is_same(self, earlier: Touch, wanted: Reply) -> bool:
        if wanted.template is not None:
            return bool(earlier.payload.get("template", {}).get("key") == wanted.template.key)
        if {file["id"] for file in earlier.attachments} != {str(id_) for id_ in wanted.attachments}:
            return False
        hiding = self.directory.hiding(earlier.tenant_id, earlier.endpoint_id)
        return not wanted.text or earlier.text == hiding.text(clean_text(wanted.text))

    async def _write(self, desk: Desk, work: Work, out: Outgoing, address: Address | None) -> None:
        await write(self.session, [Written(out.touch, address, work, visitor_of(address))], desk.now)
        insert_rows(self.session, out.rows)


async def take_reply(directory: Directory, desk: Desk, work: Work, draft: Draft) -> None:
    """A free message uses up a part of the reply window; a template needs none. Raises
    ReplyWindowClosed."""
    place = place_of(work)
    if place is None or "template" in draft.payload:
        return
    windows = await ReplyWindows.look(desk.session, [place], desk.now)
    approved = Approved(directory, place[0])
    is_open = windows.take(place, messages_of(draft)) and (windows.known(place) or not approved.needed)
    if not is_open:
        raise ReplyWindowClosed(
            "Send a template, or wait until the customer writes.",
            templates=approved.items(),
            reply_until=rfc3339(work.interaction.reply_until),
        )
    windows.show(work)


async def write_note(desk: Desk, work: Work, agent: AgentPrincipal, text: str, directory: Directory) -> Touch:
    """A note of `agent` on this interaction; the caller holds its row."""
    hiding = directory.hiding(desk.tenant_id, work.interaction.endpoint_id)
    note = _internal(work, hiding.text(clean_text(text)), desk.now)
    note.sealed_numbers = hiding.sealed
    note.author = agent.author
    address = await ContactAddress.address_of(desk.session, note.address_id)
    await write(desk.session, [Written(note, address, work)], desk.now)
    return note


async def warn_of_silence(desk: Desk, work: Work) -> None:
    """Tell the visitor of a silent chat that it will be closed."""
    x = work.interaction
    address = await ContactAddress.address_of(desk.session, x.address_id)
    warning = _internal(work, f"{SILENCE_WARNING['zh']}\n{SILENCE_WARNING['en']}", desk.now)
    warning.direction, warning.kind, warning.author = "outbound", "system", dict(SYSTEM)
    warning.delivery_state, warning.provider_id = "pending", str(warning.id)
    await write(desk.session, [Written(warning, address, work, visitor_of(address))], desk.now)


async def tell(directory: Directory, desk: Desk, work: Work, text: str) -> None:
    """Write to the customer in the name of the house, where they can be written to."""
    address_id = work.interaction.address_id
    address = await ContactAddress.address_of(desk.session, address_id)
    if address_id is None or not reachable(address):
        return
    if (place := place_of(work)) is not None:
        windows = await ReplyWindows.look(desk.session, [place], desk.now)
        if not windows.take(place):
            return
        windows.show(work)
    out = compose(work, address_id, Draft(text, SYSTEM, automatic=True), directory, desk.now)
    await write(desk.session, [Written(out.touch, address, work, visitor_of(address))], desk.now)
    insert_rows(desk.session, out.rows)


async def conversation(
    session: AsyncSession, interaction_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[Touch]:
    """Touches of the interaction, newest first. Raises NotFound."""
    if await session.get(Interaction, interaction_id) is None:
        raise NotFound("There is no such interaction.")
    return list(await Touch.of_interaction(session, interaction_id, before, limit))


async def items(session: AsyncSession, touches: Sequence[Touch]) -> list[dict[str, Any]]:
    """The touches as the API shows them."""
    rows = await ContactAddress.known(session, {t.address_id for t in touches if t.address_id})
    known = {id_: row.address for id_, row in rows.items()}
    return [touch.item(known.get(touch.address_id) if touch.address_id else None) for touch in touches]


def _internal(work: Work, text: str, now: datetime) -> Touch:
    x = work.interaction
    return Touch(
        tenant_id=x.tenant_id,
        id=new_id(),
        address_id=x.address_id,
        endpoint_id=x.endpoint_id,
        at=now,
        direction="internal",
        kind="note",
        channel=x.channel,
        text=text,
        payload={},
        attachments=[],
        delivery_hops=[],
        version=1,
    )


def _shown_with(wanted: Reply) -> dict[str, Any]:
    """What goes with the text, as the touch's payload has it."""
    buttons = [{"id": button.id, "title": button.title} for button in wanted.buttons]
    quotes = None if wanted.quotes is None else str(wanted.quotes)
    return {name: value for name, value in (("buttons", buttons), ("quotes", quotes)) if value}
