"""Phone calls at the door: the interaction of a call that has just become known, and its touch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.clock import new_id
from app.events import CallEvent, CallIncoming
from customers.identity import Sighting, anonymous
from interactions.calls import call_commands, callbacks
from interactions.intake.intake_context import IntakeContext, let_in
from interactions.life.doors import Entry
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from interactions.touches.touches import Written
from models.call import Call
from models.interaction import Promised
from models.touch import Touch

CallKey = tuple[UUID, str]
"""Endpoint and the platform's call id."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`interaction_id`: what the call's interaction will be called, if it gets one."""

    interaction_id: UUID
    sighting: Sighting


def callers_of(calls: Sequence[tuple[UUID, CallEvent, datetime]]) -> dict[CallKey, Caller]:
    """Who calls, for each call that a batch tells the beginning of. Without a usable caller id: an address of
    its own."""
    found: dict[CallKey, Caller] = {}
    for endpoint_id, event, _ in calls:
        if isinstance(event, CallIncoming) and event.conversation is not None:
            interaction_id = new_id()
            sighting = Sighting(event.address or anonymous(interaction_id))
            found.setdefault((endpoint_id, event.conversation), Caller(interaction_id, sighting))
    return found


class CallReception:
    """`open` is what `interactions.calls.voice` asks for. `promised` are callbacks to these callers."""

    def __init__(
        self,
        context: IntakeContext,
        callers: Mapping[CallKey, Caller],
        policies: PolicyBook,
        promised: Sequence[Promised] = (),
    ) -> None:
        self._context, self._callers, self._policies, self._promised = context, callers, policies, promised

    async def open(self, call: Call, incoming: CallIncoming, at: datetime) -> Work:
        context = self._context
        caller = self._callers[call.endpoint_id, call.call_id]
        endpoint = context.endpoints[call.endpoint_id]
        earlier = self._callback_to(caller)
        work = context.new_work(
            interaction_id=caller.interaction_id,
            endpoint=endpoint,
            channel="voice",
            party=context.parties[caller.sighting.address],
            conversation=call.call_id,
            queue=incoming.queue if earlier is None else earlier.interaction.queue,
        )
        work.touched(at, by_customer=True)
        touch = self._touch(work, incoming, at)
        context.written.append(Written(touch, caller.sighting.address, work))
        entry = context.doors.enter(work.interaction.queue, "voice")
        if earlier is None and await self._promised_at_the_door(work, entry):
            return work
        let_in(work, entry)
        if earlier is not None and entry.refused is None:
            work.take_place_of(earlier)
            earlier.close("customer", "called_again")
        if entry.refused is not None and endpoint.controls_calls:
            call_commands.turn_away(context.desk, work, entry.say, record=entry.voicemail)
        return work

    async def _promised_at_the_door(self, work: Work, entry: Entry) -> bool:
        """Nobody is turned away whom the door offers a callback and who can be called."""
        desk = self._context.desk
        to = await callbacks.possible(desk, self._policies, work.interaction) if entry.callback else None
        if to is None:
            return False
        for queue in entry.queues:
            work.enter_queue(queue, "new")
        await callbacks.promise_soon(desk, self._policies, work, to, entry.say)
        return True

    def _callback_to(self, caller: Caller) -> Work | None:
        """The callback that this caller waits for, unless it rings already."""
        address = caller.sighting.address
        address_id = self._context.parties[address].address_id
        for promised in self._promised:
            work = self._context.desk.works.get(promised.id)
            theirs = promised.address_id == address_id or promised.number == address.value
            if work is not None and theirs and work.may_be_moved:
                return work
        return None

    def _touch(self, work: Work, incoming: CallIncoming, at: datetime) -> Touch:
        x = work.interaction
        told: dict[str, Any] = {
            "call_id": x.conversation,
            "to": None if incoming.to is None else incoming.to.value,
            "trunk": incoming.trunk,
            "collected_digits": incoming.collected_digits,
            "uui": incoming.uui,
            "from_presentation": incoming.from_presentation,
        }
        return Touch(
            tenant_id=x.tenant_id,
            id=new_id(),
            address_id=x.address_id,
            endpoint_id=x.endpoint_id,
            at=at,
            direction="inbound",
            kind="call",
            channel="voice",
            text="",
            payload={name: value for name, value in told.items() if value is not None},
            author={"type": "customer", "id": None, "name": None},
            attachments=[],
            delivery_hops=[],
            sealed_numbers=incoming.sealed_numbers,
            version=1,
        )
