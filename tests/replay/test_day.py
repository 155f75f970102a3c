"""The demo's recorded day: the engine decides the same again, and a what-if on it tells what it must."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from app.embedded import EmbeddedPostgres
from app.errors import CommandError
from app.replay.proof import run as prove
from app.replay.record import Wanted
from app.replay.whatif import Question, run
from app.settings import Settings
from app.setup.apply import apply
from app.setup.document import load
from demo.history import seed, yesterday
from demo.run import company as set_up
from tests.conftest import clone

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBwbGF0Zm9ybQ=="


class Company:
    """The demo's company in a database of its own, its yesterday recorded. `day` is asked for as on the
    command line."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.settings = Settings(data_dir=folder / "data", database_url=url)
        self.setup: dict[str, Any] = yaml.safe_load(set_up(SECRET, 1, 2, "0" * 32))
        self.day = Wanted("", "")

    async def found(self) -> None:
        await apply(self.settings, load(self.file("company.yaml"), {}))
        midnight = yesterday(datetime.now(UTC), "Asia/Shanghai")
        await seed(self.url, "demo")
        self.day = Wanted(f"{midnight:%Y-%m-%d}T00:00", f"{midnight:%Y-%m-%d}T23:59")

    def file(self, name: str, **tiers: dict[str, Any]) -> Path:
        """The set-up as a file, with these tiers changed."""
        changed = [{**tier, **tiers.get(tier["key"], {})} for tier in self.setup["tiers"]]
        return self.write(name, {**self.setup, "tiers": changed})

    def write(self, name: str, setup: dict[str, Any]) -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(setup, allow_unicode=True), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
async def company(
    postgres: EmbeddedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Company]:
    async with clone(postgres, template_database) as url:
        company = Company(url, tmp_path_factory.mktemp("company"))
        await company.found()
        yield company


class TestDay:
    async def test_it_is_proven(self, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
        assert await prove(company.settings, company.day, True) == 0
        found = orjson.loads(capsys.readouterr().out)
        assert found["decisions"] > 500

    async def test_the_same_policy_changes_nothing(
        self, company: Company, capsys: pytest.CaptureFixture[str]
    ) -> None:
        same = Question(company.day, company.file("same.yaml"))
        assert await run(company.settings, same, True) == 0
        found = orjson.loads(capsys.readouterr().out)
        assert found["changes"] == []
        rows = [*found["tiers"].values(), *found["queues"].values(), found["total"]]
        assert all(row["recorded"] == row["other"] for row in rows)
        assert found["total"]["recorded"]["offered"] > 500
        # Run again, the recorded policy comes near to what really was: agents missed some offers then.
        ran, was = found["total"]["recorded"], found["total"]["as_it_was"]
        assert ran["offered"] == was["offered"]
        assert abs(ran["service_level"] - was["service_level"]) < 0.1
        assert abs(ran["asa_seconds"] - was["asa_seconds"]) < 8

    async def test_gold_without_its_head_start_waits_longer(
        self, company: Company, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = company.file("no-head-start.yaml", gold={"head_start_seconds": 0})
        plot = company.folder / "what-if.svg"
        assert await run(company.settings, Question(company.day, other, plot), True) == 0
        found = orjson.loads(capsys.readouterr().out)
        assert found["changes"] == ["~ tier gold: head start 240 → 0 s"]
        gold, lead = found["tiers"]["gold"], found["tiers"]["lead"]
        assert gold["other"]["asa_seconds"] > gold["recorded"]["asa_seconds"]
        assert gold["other"]["promises_kept"] < gold["recorded"]["promises_kept"]
        assert lead["other"]["asa_seconds"] < lead["recorded"]["asa_seconds"]
        assert plot.read_bytes().startswith(b"<?xml") and b"<svg" in plot.read_bytes()[:1000]

    async def test_lending_follows_what_it_does_itself(
        self, company: Company, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Billing gets help from the service desk whenever it answers too few in time: by its own count."""
        lend = [{"when": "service_level < 0.9", "queues": ["orders"]}]
        helped = {"requirement": "anyone", "lend": lend}
        queues = [{**q, **(helped if q["key"] == "billing" else {})} for q in company.setup["queues"]]
        other = company.write("lending.yaml", {**company.setup, "queues": queues})
        assert await run(company.settings, Question(company.day, other), True) == 0
        billing = orjson.loads(capsys.readouterr().out)["queues"]["billing"]
        assert billing["other"]["asa_seconds"] < billing["recorded"]["asa_seconds"]
        assert billing["other"]["service_level"] > billing["recorded"]["service_level"]

    async def test_side_by_side_in_words(self, company: Company, capsys: pytest.CaptureFixture[str]) -> None:
        other = company.file("no-head-start.yaml", gold={"head_start_seconds": 0})
        plot = company.folder / "what-if.png"
        assert await run(company.settings, Question(company.day, other, plot), False) == 0
        out = capsys.readouterr().out
        assert "  ~ tier gold: head start 240 → 0 s" in out.splitlines()
        [gold] = [line for line in out.splitlines() if line.startswith("tier gold")]
        assert gold.count(" → ") >= 2
        assert "As it really was: " in out
        assert plot.read_bytes().startswith(b"\x89PNG")

    async def test_a_policy_without_a_queue_that_was_waited_in(self, company: Company) -> None:
        one = {
            "queues": company.setup["queues"][:1],
            "endpoints": [{**endpoint, "queue": "orders"} for endpoint in company.setup["endpoints"]],
        }
        other = Question(company.day, company.write("one-queue.yaml", {**company.setup, **one}))
        with pytest.raises(CommandError, match="has no queue billing, repairs, which customers waited in"):
            await run(company.settings, other, False)

    async def test_a_plot_of_another_form(self, company: Company) -> None:
        asked = Question(company.day, company.file("same.yaml"), Path("what-if.doc"))
        with pytest.raises(CommandError, match=r"ends in \.png or \.svg"):
            await run(company.settings, asked, False)

    async def test_a_policy_that_is_refused(self, company: Company) -> None:
        path = company.folder / "wrong.yaml"
        path.write_text("tiers: [{key: gold, head_start_seconds: soon}]\n")
        with pytest.raises(CommandError, match=r"wrong\.yaml:1: /tiers/0/head_start_seconds"):
            await run(company.settings, Question(company.day, path), False)
