"""A stretch that the worker recorded, under other rules: who is served first changes, and only that."""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import yaml

from app.replay.record import Wanted
from app.replay.whatif import Question, run
from interactions.agents import offers
from models.interaction import State
from tests.replay.conftest import Recorder
from tests.waiting import eventually
from tests.worker.center import SETUP


async def serve(recorder: Recorder, waiting: UUID) -> None:
    """Li takes the chat and is through with it."""
    center = recorder.center
    offer = await center.offered(waiting, "li")
    async with center.api.transaction(center.tenant_id) as session:
        await offers.accept(session, center.tenant_id, offer.id, center.agents["li"].id, center.policies)
    await center.work(waiting, lambda work: work.close("agent", "closed"))
    assert (await center.interaction(waiting)).state == State.CLOSED


@pytest.fixture
async def recorded(recorder: Recorder) -> dict[str, UUID]:
    """Li has room for one chat. A standard and a platinum customer come while Li has one: platinum first."""
    center = recorder.center
    await recorder.change("UPDATE agent SET units_max = 40")
    await center.sign_in("li")
    async with center.routed():
        first = await center.queue()
        await center.offered(first, "li")
        found = {"standard": await center.queue(), "platinum": await center.queue(tier="platinum")}
        await serve(recorder, first)
        await serve(recorder, found["platinum"])
        await serve(recorder, found["standard"])
        gave_up = await center.queue()
        await center.offered(gave_up, "li")
        await center.work(gave_up, lambda work: work.customer_left())
        await eventually(lambda: has_heard(recorder, gave_up))
    return found


async def has_heard(recorder: Recorder, interaction: UUID) -> bool:
    """Whether the worker was told that this one was abandoned."""
    query = "SELECT 1 FROM routing_journal WHERE CAST(document->'events' AS text) LIKE :wanted"
    return bool(await recorder.rows(query, wanted=f'%{interaction}%"abandoned"%'))


async def what_if(recorder: Recorder, folder: Path, setup: dict[str, Any]) -> dict[str, Any]:
    path = folder / "other.yaml"
    path.write_text(yaml.safe_dump({**setup, "skills": ["billing"]}))
    recorder.capsys.readouterr()
    await run(recorder.settings, Question(Wanted("2000-01-01", "2100-01-01"), path), True)
    found: dict[str, Any] = orjson.loads(recorder.capsys.readouterr().out)
    return found


class TestWhatIf:
    async def test_the_same_policy(self, recorder: Recorder, recorded: Any, tmp_path: Path) -> None:
        found = await what_if(recorder, tmp_path, SETUP)
        total = found["total"]
        assert total["recorded"] == total["other"]
        assert total["recorded"]["offered"] == 4
        assert (total["as_it_was"]["offered"], total["as_it_was"]["answered"]) == (4, 3)
        tiers = found["tiers"]
        assert tiers["platinum"]["other"]["asa_seconds"] < tiers["standard"]["other"]["asa_seconds"]

    async def test_no_head_start(self, recorder: Recorder, recorded: Any, tmp_path: Path) -> None:
        """First come, first served: the standard customer came first."""
        tiers = [{"key": "platinum"}, SETUP["tiers"][1]]
        found = (await what_if(recorder, tmp_path, {**SETUP, "tiers": tiers}))["tiers"]
        platinum, standard = found["platinum"], found["standard"]
        assert platinum["other"]["asa_seconds"] > platinum["recorded"]["asa_seconds"]
        assert standard["other"]["asa_seconds"] < standard["recorded"]["asa_seconds"]
