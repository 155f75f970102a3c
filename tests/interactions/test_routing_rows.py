"""What a worker that starts reads: all that waits, and all that holds somebody's units."""

from interactions.life.routing_rows import snapshots
from routing.state import InteractionSnapshot
from tests.interactions.office import Office


async def test_the_wrap_up_of_who_transferred_a_call_that_was_abandoned_holds_units(office: Office) -> None:
    call = await office.held("li", "voice")
    await office.act("li", call, "transfer", {"to": {"queue": "sales"}})
    await office.change(call, lambda desk, work: work.customer_left())
    gone = await office.waiting()
    await office.change(gone, lambda desk, work: work.customer_left())
    async with office.container.database.read(office.tenant.id) as session:
        told = [row for row in await snapshots(session) if isinstance(row, InteractionSnapshot)]
    [found] = told
    assert (found.id, found.state) == (str(call), "abandoned")
    assert [(leg.agent, leg.state) for leg in found.legs] == [(str(office.agent_id("li")), "wrap_up")]
