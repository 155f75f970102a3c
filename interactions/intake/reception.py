"""What a customer's touch does to work: it continues, resumes, follows or opens it, or is merely kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from interactions.intake import acknowledgement, automatic, stored_file
from interactions.intake.arrival import Arrival, CallWanted
from interactions.intake.inbound_window import Opening
from interactions.intake.intake_context import IntakeContext, may_follow
from interactions.intake.sent_elsewhere import SentElsewhere
from interactions.life.work import Work
from interactions.touches import media
from interactions.touches.touches import Written
from models.interaction import Latest, Promised, State


class Reception:
    """Takes the arrivals of one batch, in order. `latest` is the last interaction of each conversation,
    `promised` are callbacks to numbers that ask for one again."""

    def __init__(
        self,
        context: IntakeContext,
        latest: Mapping[tuple[UUID, str], Latest],
        promised: Sequence[Promised] = (),
    ) -> None:
        self._context = context
        self._calls = {one.number: context.desk.works[one.id] for one in promised}
        works = context.desk.works
        self._last = {where: works[found.id] for where, found in latest.items() if found.id in works}

    def take(self, arrival: Arrival) -> None:
        where = (arrival.endpoint.id, arrival.own_conversation)
        last = self._last.get(where)
        if not arrival.wakes:
            self._keep(arrival, last)
        elif arrival.call is not None:
            self._call_back(arrival, arrival.call)
        elif last is not None and not last.final and last.state != State.WRAP_UP:
            self._continue(arrival, last)
        else:
            self._last[where] = self._open(arrival, last)

    def sent_elsewhere(self, sent: SentElsewhere) -> None:
        """A colleague has answered by another way: nobody need answer what came before any more."""
        work, at = self._last.get(sent.where), sent.inbound.at
        touch = sent.touch(self._context.parties[sent.address].address_id)
        self._context.written.append(Written(touch, sent.address, work))
        self._context.deliveries += media.deliveries(touch, sent.event.attachments, self._context.now)
        self._context.attachments += stored_file.rows(sent.files, touch)
        if work is None or work.final or not sent.answers:
            return
        work.touched(at, by_customer=False)
        since = work.interaction.last_customer_touch_at
        if work.state in (State.QUEUED, State.OFFERED) and (since is None or since <= at):
            work.answered_elsewhere(at)

    def did(self, opening: Opening) -> None:
        """A click, a follow, a scan: it stands beside the work there is, and makes none."""
        context, work = self._context, self._last.get(opening.where)
        endpoint = context.endpoints[opening.inbound.endpoint_id]
        touch = opening.touch(endpoint, context.parties[opening.address].address_id)
        if touch is not None:
            context.written.append(
                Written(touch, opening.address, None if work is None or work.final else work)
            )

    def visitor_gone(self, where: tuple[UUID, str], gone_at: datetime | None) -> None:
        """The visitor of this chat is here (None), or gone since; timers end the chat of who stays away."""
        work = self._last.get(where)
        if work is not None and not work.final:
            work.interaction.customer_gone_at = gone_at

    def _keep(self, arrival: Arrival, work: Work | None) -> None:
        """Nobody wrote this mail: it stands in its conversation, and nothing happens."""
        self._write(arrival, work)

    def _continue(self, arrival: Arrival, work: Work) -> None:
        work.touched(arrival.at, by_customer=True)
        _tell_interaction(arrival, work)
        if work.state == State.PARKED:
            work.unpark()
            work.enter_queue(work.interaction.queue, "return")
        self._write(arrival, work)

    def _open(self, arrival: Arrival, last: Work | None) -> Work:
        follows = last.interaction if last is not None and may_follow(last, self._context.now) else None
        work = self._context.new_work(
            interaction_id=arrival.interaction_id,
            endpoint=arrival.endpoint,
            channel=arrival.channel,
            party=self._context.parties[arrival.from_address],
            conversation=arrival.own_conversation,
            queue=arrival.queue if follows is None else follows.queue,
            follows=follows,
            subject=arrival.subject,
        )
        work.touched(arrival.at, by_customer=True)
        _tell_interaction(arrival, work)
        entry = self._context.admit(work)
        self._write(arrival, work)
        if say := entry.say or self._acknowledgement(work, arrival):
            automatic.answer(self._context, work, arrival, say)
        return work

    def _acknowledgement(self, work: Work, arrival: Arrival) -> str | None:
        if arrival.channel != "email" or arrival.kind != "message" or work.final:
            return None
        return acknowledgement.text_for(self._context, work)

    def _call_back(self, arrival: Arrival, call: CallWanted) -> None:
        """One callback a number: who asks again moves the one that waits, unless it rings already."""
        work = self._calls.get(call.number)
        if work is None or not work.may_be_moved:
            work = self._calls[call.number] = self._context.new_work(
                interaction_id=arrival.interaction_id,
                endpoint=arrival.endpoint,
                channel=arrival.channel,
                party=self._context.parties[arrival.from_address],
                conversation=None,
                queue=arrival.queue,
                subject=arrival.subject,
            )
            work.schedule_callback(call.number)
        work.touched(arrival.at, by_customer=True)
        _tell_interaction(arrival, work)
        self._context.to_call.append((work, call.at))
        self._write(arrival, work)

    def _write(self, arrival: Arrival, work: Work | None) -> None:
        party = self._context.parties[arrival.from_address]
        name = None if party.customer is None else party.customer.name
        touch = arrival.touch(party.address_id, name)
        self._context.written.append(Written(touch, arrival.from_address, work, arrival.visitor_id))
        self._context.deliveries += media.deliveries(touch, arrival.uploads, self._context.now)
        self._context.attachments += stored_file.rows(arrival.files, touch)


def _tell_interaction(arrival: Arrival, work: Work) -> None:
    """What lists and offers show of it is the latest that the customer said, whatever came first."""
    x = work.interaction
    if x.last_customer_touch_at is None or arrival.at >= x.last_customer_touch_at:
        x.preview = arrival.preview
        x.last_customer_touch_at = arrival.at
        x.thread = dict(arrival.thread) or x.thread or {}
        x.subject = x.subject or arrival.subject
    x.silence_warned_at = None
