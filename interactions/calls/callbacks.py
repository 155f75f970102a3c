"""Callbacks as they happen: promised to who waits, planned within the calling hours, tried again, given up.

Each function changes rows at a desk; the caller saves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from interactions.calls import call_commands
from interactions.calls.calling_hours import Window, next_window
from interactions.life.calling_back import RETRY_AFTER
from interactions.life.desk import Desk
from interactions.life.policies import PolicyBook
from interactions.life.work import Work
from models.customer import ContactAddress, Customer
from models.interaction import Interaction, State

DIALLED: Final = frozenset({"phone", "sip", "extension", "short_code"})
"""Kinds of addresses that a telephone platform can call."""


async def plan(desk: Desk, policies: PolicyBook, work: Work, at: datetime | None = None) -> bool:
    """From `at` (None: now) on, in the first calling hours. False: there are none within a year."""
    window = await window_of(desk, policies, work.interaction, at)
    if window is None:
        return False
    work.plan_callback(None if window.opens <= desk.now else window.opens, window.closes)
    return True


async def arrange(desk: Desk, policies: PolicyBook, work: Work, at: datetime | None) -> bool:
    """A callback that nobody dials yet is planned (anew), and waits where it has to until then. False: there
    are no calling hours within a year."""
    if not await plan(desk, policies, work, at):
        return False
    if work.state == State.SCHEDULED and work.interaction.callback_at is None:
        work.enter_queue(work.interaction.queue, "callback")
    elif work.state in (State.QUEUED, State.OFFERED) and work.interaction.callback_at is not None:
        work.put_off()
    return True


async def window_of(desk: Desk, policies: PolicyBook, x: Interaction, at: datetime | None) -> Window | None:
    """The first calling hours of its queue and customer from `at` on."""
    policy = await policies.current(desk.session, desk.tenant_id)
    attributes = await _attributes(desk.session, x)
    return next_window(policy, x.queue, attributes, max(at or desk.now, desk.now))


async def promise(desk: Desk, work: Work, to: str, announcement: str | None) -> None:
    """Tell the waiting caller so, and hang up: the place is kept."""
    if (leg := work.primary) is not None:
        call_commands.cancel_agent_leg(desk, work, leg)
    call_commands.turn_away(desk, work, announcement)
    work.promise_callback(to)


async def pressed(desk: Desk, policies: PolicyBook, work: Work, digits: str) -> None:
    """A caller who waits has pressed keys: perhaps those that their queue offers a callback for."""
    x = work.interaction
    offer = (await policies.current(desk.session, desk.tenant_id)).callback(x.queue)
    if offer is None or digits != offer["digits"] or not work.may_be_promised:
        return
    to = await possible(desk, policies, x)
    if to is not None:
        await promise_soon(desk, policies, work, to, offer["announcement"])


async def promise_soon(
    desk: Desk, policies: PolicyBook, work: Work, to: str, announcement: str | None
) -> None:
    """The promise to call as soon as an agent comes, within the calling hours."""
    await promise(desk, work, to, announcement)
    await plan(desk, policies, work)


async def possible(desk: Desk, policies: PolicyBook, x: Interaction) -> str | None:
    """What would be dialled for this caller; None where it cannot be, or not within a year."""
    controls = await call_commands.controls_calls(desk.session, x.endpoint_id)
    if not controls or await window_of(desk, policies, x, None) is None:
        return None
    return await number_of(desk.session, x)


async def unanswered(desk: Desk, policies: PolicyBook, work: Work, cause: str) -> None:
    """The customer was dialled and not reached: three more times, a quarter of an hour apart."""
    if not work.may_be_retried:
        work.give_up()
        return
    work.not_reached(cause)
    if not await plan(desk, policies, work, desk.now + RETRY_AFTER):
        work.give_up()


async def look(desk: Desk, policies: PolicyBook, work: Work) -> None:
    """The time of a callback has come, or its calling hours end."""
    x = work.interaction
    if not work.is_callback or work.state == State.CONNECTING or work.final:
        return
    began = x.callback_at is not None and x.callback_at <= desk.now
    if not began and (x.callback_until is None or x.callback_until > desk.now):
        return
    if not began:
        work.put_off()
    if not await plan(desk, policies, work):
        work.give_up()
    elif x.callback_at is None and work.state == State.SCHEDULED:
        work.enter_queue(x.queue, "callback")


async def number_of(session: AsyncSession, x: Interaction) -> str | None:
    """What to dial for whoever called; None: withheld, or no number."""
    address = None if x.address_id is None else await session.get(ContactAddress, x.address_id)
    return address.value if address is not None and address.kind in DIALLED else None


async def _attributes(session: AsyncSession, x: Interaction) -> Mapping[str, Any]:
    customer_id = x.picked_customer_id or x.customer_id
    customer = None if customer_id is None else await session.get(Customer, customer_id)
    return {} if customer is None else customer.attributes
