"""One batch of one tenant, step by step: look up, lock, change in memory, write and tell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import PoisonEvent
from app.events import (
    CallEvent,
    DeliveryUpdated,
    FormSubmitted,
    MailReceived,
    MessageReceived,
    MessageSentElsewhere,
    VisitorConnected,
    VisitorDisconnected,
)
from customers import identity
from interactions.calls import callbacks, voice
from interactions.intake import (
    call_touches,
    fetch_asked,
    inbound_form,
    inbound_mail,
    inbound_message,
    inbound_visitor,
    inbound_window,
    sent_elsewhere,
    sent_mail,
    split_numbers,
    unknown_kinds,
    voicemail,
)
from interactions.intake.acquaintance import introduce
from interactions.intake.arrival import Arrival
from interactions.intake.call_reception import CallReception, callers_of
from interactions.intake.inbound import Inbound
from interactions.intake.inbound_mail import InboundMail, Threads
from interactions.intake.intake_context import IntakeContext
from interactions.intake.loop_guard import LoopGuard
from interactions.intake.reception import Reception
from interactions.intake.sent_elsewhere import SentElsewhere
from interactions.life.desk import Desk, database_now
from interactions.life.doors import Doors
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook
from interactions.touches import outgoing, receipts
from interactions.touches.outgoing import Directory
from interactions.touches.receipts import Told
from interactions.touches.reply_windows import ReplyWindows
from interactions.touches.touches import write
from models.attachment import Attachment
from models.bulk import insert_rows, update_rows
from models.call import Call
from models.delivery import Delivery
from models.endpoint import Endpoint
from models.exchange import Exchange
from models.interaction import Interaction, Promised
from models.log import DeadLetter
from models.reply_window import Place, ReplyWindow
from models.visitor import Visitor


class IntakeRound:
    """`fresh` are the events of one tenant that nobody has applied before, in the order of the log."""

    def __init__(
        self,
        session: AsyncSession,
        tenant_id: UUID,
        policies: PolicyBook,
        paces: PaceBook,
        directory: Directory,
        fresh: Sequence[Inbound],
    ) -> None:
        self.session, self.tenant_id = session, tenant_id
        self.policies, self.paces, self.directory = policies, paces, directory
        self.fresh = [inbound for inbound in fresh if not self._refused(inbound)]

    async def run(self) -> None:
        await self._look_up()
        await self._lock()
        await self._change()
        await self._write()

    async def _look_up(self) -> None:
        self.endpoints = {e.id: e for e in await Endpoint.of_tenant(self.session, self.tenant_id)}
        self.mails = [self._mail(i, i.event) for i in self.fresh if isinstance(i.event, MailReceived)]
        self.threads = await Threads.look(self.session, self.mails)
        self.calls = [
            (i.endpoint_id, i.event, i.envelope.at) for i in self.fresh if isinstance(i.event, CallEvent)
        ]
        self.callers = callers_of(self.calls)
        movements = inbound_visitor.movements(self._visitor_events())
        await Visitor.came_and_went(self.session, movements)
        arrivals = list(self._arrivals())
        self.chats = dict(self._chats(arrivals))
        self.visitors = await Visitor.known(self.session, set(self.chats.values()))
        arrivals = [self._named(arrival) for arrival in arrivals]
        self.elsewhere = await sent_elsewhere.not_ours(self.session, list(self._elsewhere()))
        sightings = [*(c.sighting for c in self.callers.values()), *(a.sighting() for a in arrivals)]
        self.openings = list(inbound_window.openings(self.fresh))
        sightings += [opening.sighting() for opening in self.openings]
        sightings += [sent.sighting() for sent in self.elsewhere]
        self.parties = await identity.resolve(self.session, self.tenant_id, sightings)
        await identity.told_names(self.session, inbound_visitor.names(movements))
        self.guard = await self._guard(arrivals)
        self.arrivals = [self._guarded(arrival) for arrival in arrivals]

    async def _lock(self) -> None:
        self.latest = await Interaction.latest(self.session, {*self._conversations()})
        self.book = await voice.load(self.session, self.tenant_id, self.calls)
        self.promised = await self._callbacks()
        known = {found.id for found in self.latest.values()} | {found.id for found in self.promised}
        in_force = await self.policies.in_force(self.session, self.tenant_id)
        ids = {*self.book.interaction_ids, *known}
        desk = await Desk.open(self.session, self.tenant_id, ids, now=in_force.now)
        windows = [opening.row(self.parties) for opening in self.openings]
        await ReplyWindow.open_all(self.session, windows)
        self.context = IntakeContext(
            session=self.session,
            tenant_id=self.tenant_id,
            policy=in_force.policy,
            endpoints=self.endpoints,
            parties=self.parties,
            desk=desk,
            doors=await Doors.look(self.session, self.tenant_id, in_force, self.paces, desk.now),
            directory=self.directory,
            guard=self.guard,
            windows=await ReplyWindows.look(self.session, self._places(), desk.now),
        )

    async def _change(self) -> None:
        calls = CallReception(self.context, self.callers, self.policies, self.promised)
        await voice.apply(self.context.desk, self.book, self.policies, calls.open)
        await voicemail.take(self.context, self._told_calls())
        reception = Reception(self.context, self.latest, self.promised)
        for arrival in self.arrivals:
            reception.take(arrival)
        for work, at in self.context.to_call:
            if not await callbacks.arrange(self.context.desk, self.policies, work, at):
                work.give_up()
        for sent in self.elsewhere:
            reception.sent_elsewhere(sent)
        for opening in self.openings:
            reception.did(opening)
        for where, visitor in self.chats.items():
            if visitor in self.visitors:
                reception.visitor_gone(where, self.visitors[visitor].gone_at)
        for work in self.context.desk.works.values():
            self.context.windows.show(work)
        await introduce(self.session, self.context.policy, self.context.opened)

    async def _write(self) -> None:
        context, now = self.context, self.context.now
        update_rows(self.session, self._told_calls())
        await split_numbers.redact(context)
        await context.desk.save()
        await write(self.session, context.written, now)
        await Attachment.hang(self.session, self._uploads())
        insert_rows(self.session, [*context.attachments, *context.deliveries, *context.references])
        await Exchange.insert_all(self.session, unknown_kinds.rows(self.fresh))
        await Delivery.ask_to_fetch(self.session, fetch_asked.asked(self.fresh))
        await receipts.apply(self.session, self.tenant_id, list(self._told()), now)
        await call_touches.complete(context, self._told_calls())

    def _told_calls(self) -> list[Call]:
        return [*(report.call for report in self.book.reports), *self.book.lost]

    async def _callbacks(self) -> list[Promised]:
        """Those that were promised to who calls, or asks for one, now."""
        asking = {arrival.from_address for arrival in self.arrivals if arrival.call is not None}
        addresses = {caller.sighting.address for caller in self.callers.values()} | asking
        ids = {self.parties[address].address_id for address in addresses}
        return await Interaction.callbacks_of(self.session, {a.value for a in addresses}, ids)

    # ---- reading the events ----

    def _refused(self, inbound: Inbound) -> bool:
        """A mail past the limits is a dead letter, its raw bytes sealed in it."""
        mail = inbound.mail
        if mail is None or mail.mail is not None:
            return False
        envelope = inbound.envelope
        self.session.add(
            DeadLetter(
                id=envelope.id,
                tenant_id=self.tenant_id,
                source=envelope.source,
                stream=envelope.stream.value,
                key=envelope.key,
                raw=mail.sealed,
                error=mail.error,
            )
        )
        return True

    def _endpoint(self, endpoint_id: UUID) -> Endpoint:
        found = self.endpoints.get(endpoint_id)
        if found is None:
            raise PoisonEvent(f"there is no endpoint {endpoint_id}")
        return found

    def _mail(self, inbound: Inbound, event: MailReceived) -> InboundMail:
        adapter = outgoing.email_adapter(self.directory, inbound.endpoint_id)
        return inbound_mail.read(inbound, event, self._endpoint(inbound.endpoint_id), adapter)

    def _arrivals(self) -> Iterator[Arrival]:
        mails = {id(mail.inbound): mail for mail in self.mails}
        for inbound in self.fresh:
            event, mail = inbound.event, mails.get(id(inbound))
            endpoint = self._endpoint(inbound.endpoint_id)
            if isinstance(event, MessageReceived):
                yield inbound_message.arrival(inbound, event, endpoint)
            elif isinstance(event, FormSubmitted):
                yield inbound_form.arrival(inbound, event, endpoint, self.endpoints.values())
            elif mail is not None and not mail.event.sent and self.threads.reported_touch(mail.mail) is None:
                yield inbound_mail.arrival(mail, self.threads.of(mail), self.endpoints)

    def _elsewhere(self) -> Iterator[SentElsewhere]:
        for inbound in self.fresh:
            if isinstance(inbound.event, MessageSentElsewhere):
                yield SentElsewhere(inbound, inbound.event, self._endpoint(inbound.endpoint_id))
        for mail in self.mails:
            if mail.event.sent:
                yield sent_mail.sent_elsewhere(mail, self.threads, self.endpoints.values())

    def _told(self) -> Iterator[Told]:
        for inbound in self.fresh:
            event = inbound.event
            if isinstance(event, DeliveryUpdated) and event.external_id is not None:
                yield Told(inbound.endpoint_id, event.state, inbound.at, event.reason, event.external_id)
        for mail in self.mails:
            touch_id, bounce = self.threads.reported_touch(mail.mail), mail.mail.bounce
            if touch_id is not None and bounce is not None and bounce.state == "failed":
                yield Told(
                    mail.endpoint.id, "failed", mail.inbound.at, bounce.status or "bounced", touch_id=touch_id
                )

    def _visitor_events(self) -> list[tuple[Inbound, inbound_visitor.VisitorEvent]]:
        return [
            (inbound, inbound.event)
            for inbound in self.fresh
            if isinstance(inbound.event, VisitorConnected | VisitorDisconnected)
        ]

    def _chats(self, arrivals: Sequence[Arrival]) -> Iterator[tuple[tuple[UUID, str], UUID]]:
        """(conversation, visitor) of every chat that this batch speaks of."""
        for inbound, event in self._visitor_events():
            where, visitor = inbound_visitor.conversation(inbound, event), inbound_visitor.visitor_id(event)
            if where is not None and visitor is not None:
                yield where, visitor
        for arrival in arrivals:
            if arrival.visitor_id is not None:
                yield (arrival.endpoint.id, arrival.own_conversation), arrival.visitor_id

    def _named(self, arrival: Arrival) -> Arrival:
        """A visitor tells their name when their window opens."""
        known = self.visitors.get(arrival.visitor_id) if arrival.visitor_id else None
        return arrival if known is None or arrival.name else replace(arrival, name=known.name)

    def _conversations(self) -> Iterator[tuple[UUID, str]]:
        yield from self.chats
        yield from (sent.where for sent in self.elsewhere)
        yield from (opening.where for opening in self.openings)
        for arrival in self.arrivals:
            if arrival.conversation is not None:
                yield arrival.endpoint.id, arrival.conversation

    def _places(self) -> set[Place]:
        """Who has opened a reply window."""
        return {(o.inbound.endpoint_id, self.parties[o.address].address_id) for o in self.openings}

    def _uploads(self) -> list[dict[str, object]]:
        """The files that visitors or forms sent before, with the touch that they hang on now."""
        return [
            {"id": file.id, "touch_id": arrival.touch_id, "owner": _owner(arrival)}
            for arrival in self.arrivals
            for file in arrival.uploads
            if file.media is None
        ]

    # ---- mail loops ----

    async def _guard(self, arrivals: Sequence[Arrival]) -> LoopGuard:
        addresses = {self._address_id(a) for a in arrivals if a.channel == "email" and a.address is not None}
        if not addresses:
            return LoopGuard()
        return await LoopGuard.look(self.session, addresses, await database_now(self.session))

    def _guarded(self, arrival: Arrival) -> Arrival:
        """Past the ceilings a mail is kept, but wakes nobody."""
        if arrival.kind != "message" or arrival.channel != "email" or arrival.address is None:
            return arrival
        too_many = self.guard.too_many(self._address_id(arrival), arrival.at)
        return replace(arrival, wakes=arrival.wakes and not too_many)

    def _address_id(self, arrival: Arrival) -> UUID:
        return self.parties[arrival.from_address].address_id


def _owner(arrival: Arrival) -> str:
    """As the doors name who sent a file up."""
    if arrival.visitor_id is not None:
        return f"visitor/{arrival.visitor_id}"
    return f"form/{arrival.payload.get('reference')}"
