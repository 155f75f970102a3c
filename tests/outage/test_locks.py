"""Who refers to a row that somebody works on does not wait for them: such waits have no order, and two of
them are a dead-lock."""

from sqlalchemy import text

from interactions.life.desk import Desk
from tests.worker.center import open_center


async def test_work_may_prefer_an_agent_who_is_being_changed(database_url: str) -> None:
    async with open_center(database_url) as center:
        li, interaction_id = center.agents["li"].id, await center.queue()
        async with center.api.transaction(center.tenant_id) as busy:
            await Desk.open(busy, center.tenant_id, [], [li])
            async with center.api.transaction(center.tenant_id) as session:
                await session.execute(text("SET LOCAL lock_timeout = '2s'"))
                desk, work = await Desk.one(session, center.tenant_id, interaction_id)
                work.interaction.preferred_agent_id = li
                work.boost(5)
                await desk.save()
        assert (await center.interaction(interaction_id)).preferred_agent_id == li
