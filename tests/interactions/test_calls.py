"""Commands to the telephone platform and its events about legs, on rows."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.clock import new_id
from app.database import WORKER_ROLE, Database
from app.events import LegHeld
from interactions.call_commands import command_taken
from interactions.voice import Mover
from models import Delivery
from tests.interactions.office import Office


async def deliveries(office: Office) -> list[Delivery]:
    """What senders will claim; the api may only write them."""
    worker = Database(office.container.database.url, WORKER_ROLE)
    try:
        async with worker.read(office.tenant.id) as session:
            return list(await session.scalars(select(Delivery).order_by(Delivery.id)))
    finally:
        await worker.close()


async def taken(office: Office, delivery: Delivery) -> None:
    async with office.container.database.transaction(office.tenant.id) as session:
        await command_taken(session, office.tenant.id, delivery)


class TestPending:
    async def test_digits_are_done_once_the_platform_has_taken_them(self, office: Office) -> None:
        call = await office.held("li", "voice")
        answer = await office.act("li", call, "digits", {"digits": "42#"})
        assert answer.status_code == 202
        assert (await office.interaction(call))["pending"] == "digits"
        [command] = await deliveries(office)
        await taken(office, command)
        assert (await office.interaction(call))["pending"] is None

    async def test_a_hold_waits_for_its_event(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.act("li", call, "hold")
        await office.act("li", call, "digits", {"digits": "1"})
        for command in await deliveries(office):
            await taken(office, command)
        assert (await office.interaction(call))["pending"] == "hold"


class TestHeld:
    async def test_the_leg_of_an_agent_who_had_the_call_before_changes_nothing(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.change(call, lambda desk, work: self.hold(office, desk, work, "theirs"))
        assert (await office.interaction(call))["legs"][0]["state"] == "active"
        await office.change(call, lambda desk, work: self.hold(office, desk, work, "mine"))
        assert (await office.interaction(call))["legs"][0]["state"] == "held"

    def hold(self, office: Office, desk: Any, work: Any, leg_id: str) -> None:
        work.primary.device_leg_id = "mine"
        command: UUID = new_id()  # the hold's own
        event = LegHeld(conversation="c", leg="agent", leg_id=leg_id, command_id=command)
        Mover(desk, office.container.policies).held(work, event)
