"""Closing time inside a queue: live work that waits is served for `drain_seconds` more, then turned away.

Without `drain_seconds` everybody inside is served, however long it takes.
"""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from interactions.calls import call_commands, callbacks
from interactions.life.desk import Desk
from interactions.life.doors import Doors, Entry
from interactions.life.facts import instant_of, microseconds
from interactions.life.pace import PaceBook
from interactions.life.policies import PolicyBook, TenantPolicy
from interactions.life.work import Work
from models.due import Drained
from models.interaction import State

Tell = Callable[[Desk, Work, str], Awaitable[None]]
"""Write to the customer in the name of the house; the caller saves."""


def drained(tenant_id: UUID, policy: TenantPolicy, now_us: int) -> list[Drained]:
    """The queues that have been closed for their `drain_seconds`, and who is to go: who has been inside for
    as long. (A call transferred into a closed queue has the same time.)"""
    found = []
    for queue, hours, seconds in policy.draining:
        before = now_us - round(seconds * 1_000_000)
        if not hours.is_open(now_us) and hours.between(before, now_us) == 0:
            channels = tuple(channel for channel in policy.policy.units if policy.is_live(queue, channel))
            found.append(Drained(tenant_id, queue, channels, instant_of(before)))
    return found


async def turn_away(
    desk: Desk, ids: Collection[UUID], policies: PolicyBook, paces: PaceBook, tell: Tell
) -> None:
    """Who of these still waits too long meets the door once more: they are told what it says, go where it
    sends them, are promised a callback, or leave a message. The caller saves."""
    in_force = await policies.in_force(desk.session, desk.tenant_id)
    policy = in_force.policy
    gone = {entry.queue: entry for entry in drained(desk.tenant_id, policy, microseconds(desk.now))}
    works = [desk.works[id_] for id_ in sorted(ids) if id_ in desk.works]
    leaving = [work for work in works if _leaves(work, gone)]
    if not leaving:
        return
    doors = await Doors.look(desk.session, desk.tenant_id, in_force, paces, desk.now)
    for work in leaving:
        entry = doors.enter(work.interaction.queue, work.interaction.channel)
        to = await callbacks.possible(desk, policies, work.interaction) if entry.callback else None
        if entry.refused is not None and to is None:
            await _end(desk, work, entry, tell)
            continue
        for queue in entry.queues[1:]:
            work.enter_queue(queue, "transfer", policy_version=policy.version)
        if to is not None:
            await callbacks.promise_soon(desk, policies, work, to, entry.say)


def _leaves(work: Work, gone: dict[str, Drained]) -> bool:
    x = work.interaction
    entry, entered = gone.get(x.queue), x.queue_entered_at
    if entry is None or entered is None or work.state != State.QUEUED or work.is_callback:
        return False
    return x.channel in entry.channels and entered <= entry.before


async def _end(desk: Desk, work: Work, entry: Entry, tell: Tell) -> None:
    x = work.interaction
    assert entry.refused is not None
    work.close("platform", entry.refused)
    if x.channel != "voice" and entry.say:
        await tell(desk, work, entry.say)
    elif x.channel == "voice" and await call_commands.controls_calls(desk.session, x.endpoint_id):
        call_commands.turn_away(desk, work, entry.say, record=entry.voicemail)
