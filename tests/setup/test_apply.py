"""Set-up as code: the file and the rows say the same, however often it is applied."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from sqlalchemy import text

from app.clock import new_id
from app.database import Database
from app.errors import CommandError
from app.security import Cipher, InstallationKey, Passwords
from app.settings import Settings
from app.setup import apply as command
from app.setup.document import load
from models.interaction import Interaction

SETUP: dict[str, Any] = {
    "tenant": {"key": "acme", "name": "Acme", "time_zone": "Asia/Shanghai", "languages": ["zh-CN", "en"]},
    "outbound_allow": ["127.0.0.0/8"],
    "skills": ["billing"],
    "break_codes": ["lunch"],
    "tiers": [{"key": "platinum", "head_start_seconds": 600}, {"key": "standard", "default": True}],
    "calendars": [{"key": "office", "weekly": {"mon-fri": ["09:00-18:00"]}}],
    "teams": [{"key": "support"}],
    "agents": [
        {
            "email": "li@acme.test",
            "name": "李雷",
            "password": "${LI}",
            "teams": ["support"],
            "skills": {"billing": 7},
            "devices": [{"endpoint": "hotline", "address": "sip:1001"}],
        }
    ],
    "queues": [
        {
            "key": "billing",
            "teams": [{"key": "support"}],
            "requirement": "billing >= 5",
            "hours": "office",
            "closed": {"announcement": "closed"},
            "wrap_up": {"mode": "timeboxed", "seconds": 30, "dispositions": ["solved"]},
        }
    ],
    "endpoints": [
        {"key": "hotline", "adapter": "cti", "queue": "billing", "config": {"secret": "${HOTLINE}"}},
        {"key": "contact-form", "adapter": "form", "queue": "billing"},
    ],
}
SECRETS = {"LI": "first password", "HOTLINE": "whsec_c2VjcmV0IG9mIHRoZSBwbGF0Zm9ybQ=="}


class Bench:
    """Applies set-ups to one database, and looks into it as its owner."""

    def __init__(self, url: str, folder: Path) -> None:
        self.settings = Settings(data_dir=folder / "data", database_url=url)
        self.file = folder / "SETUP.yaml"
        self._owner = Database(url, pooled=False)

    async def apply(self, setup: dict[str, Any], dry_run: bool = False, **secrets: str) -> command.Applied:
        self.file.write_text(yaml.safe_dump(setup, allow_unicode=True))
        return await command.apply(self.settings, load(self.file, {**SECRETS, **secrets}), dry_run)

    async def rows(self, query: str) -> list[Any]:
        async with self._owner.read() as session:
            return list((await session.execute(text(query))).all())


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Bench:
    return Bench(database_url, tmp_path)


def changed(part: str, index: int, **values: Any) -> dict[str, Any]:
    items = [*SETUP[part]]
    items[index] = {**items[index], **values}
    return {**SETUP, part: items}


class TestFirstTime:
    async def test_all_rows_are_there(self, bench: Bench) -> None:
        applied = await bench.apply(SETUP)
        assert {line.split()[1] for line in applied.changes.lines if line[0] == "+"} == {
            "tenant", "team", "queue", "endpoint", "agent", "device",
        }  # fmt: skip
        (agent,) = await bench.rows("SELECT name, skills, channels, units_max FROM agent")
        assert agent == ("李雷", {"billing": 7}, ["voice", "chat", "messaging", "email", "task"], 100)
        (policy,) = await bench.rows("SELECT version, document FROM policy")
        assert policy.version == 1 and policy.document["break_codes"] == ["lunch"]
        (queue,) = policy.document["queues"]
        assert queue["hours"] == "office" and queue["closed"] == {"announcement": "closed"}

    async def test_everybody_is_told(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        told = await bench.rows(
            "SELECT type, key, tenant_id::text AS tenant FROM event_log ORDER BY position"
        )
        assert [row.type for row in told] == [
            "touchpoint.agent.changed.v1",
            "touchpoint.agent_routing.changed.v1",
            "touchpoint.policy.published.v1",
        ]
        assert told[1].key == told[2].key == told[2].tenant

    async def test_the_configuration_is_sealed(self, bench: Bench) -> None:
        applied = await bench.apply(SETUP)
        (row,) = await bench.rows("SELECT config FROM endpoint WHERE key = 'hotline'")
        assert b"whsec" not in row.config
        cipher = Cipher(InstallationKey.load(bench.settings))
        (tenant,) = await bench.rows("SELECT secret FROM tenant")
        cipher.learn(applied.tenant_id, tenant.secret)
        config = orjson.loads(cipher.open(applied.tenant_id, row.config))
        assert config == {"secret": SECRETS["HOTLINE"]}

    async def test_the_password_fits(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        (agent,) = await bench.rows("SELECT password_hash FROM agent")
        passwords = Passwords()
        assert await passwords.verify(SECRETS["LI"], agent.password_hash)
        passwords.close()


class TestAgain:
    async def test_nothing_changes(self, bench: Bench) -> None:
        first = await bench.apply(SETUP)
        state = "SELECT (SELECT count(*) FROM event_log), version, password_hash FROM agent"
        before = await bench.rows(state)
        again = await bench.apply(SETUP)
        assert again.changes.lines == [] and again.endpoints == first.endpoints
        assert await bench.rows(state) == before

    async def test_a_changed_agent_is_told_to_the_router(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        applied = await bench.apply(changed("agents", 0, skills={"billing": 3}))
        assert applied.changes.lines == ["~ agent li@acme.test: skills"]
        facts = await bench.rows(
            "SELECT data FROM event_log WHERE type = 'touchpoint.agent_routing.changed.v1' ORDER BY position"
        )
        assert [orjson.loads(row.data)["state"]["skills"] for row in facts] == [
            {"billing": 7},
            {"billing": 3},
        ]

    async def test_a_changed_password_only(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        applied = await bench.apply(SETUP, LI="second password")
        assert applied.changes.lines == ["~ agent li@acme.test: password"]

    async def test_a_changed_secret_keeps_the_endpoints_id(self, bench: Bench) -> None:
        first = await bench.apply(SETUP)
        again = await bench.apply(SETUP, HOTLINE="whsec_YW5vdGhlciBzZWNyZXQgb2YgaXQ=")
        assert again.changes.lines == ["~ endpoint hotline: config"]
        assert again.endpoints == first.endpoints
        assert [
            row.version for row in await bench.rows("SELECT version FROM endpoint WHERE key = 'hotline'")
        ] == [2]

    async def test_what_becomes_of_identity_numbers(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        rule = {"identity_numbers": "mask", "identity_number_kinds": ["us_ssn"]}
        applied = await bench.apply(changed("endpoints", 1, **rule))
        assert applied.changes.lines == ["~ endpoint contact-form: identity_numbers, identity_number_kinds"]
        query = "SELECT key, identity_numbers, identity_number_kinds FROM endpoint ORDER BY key"
        assert [tuple(row) for row in await bench.rows(query)] == [
            ("contact-form", "mask", ["us_ssn"]),
            ("hotline", "encrypt", ["cn_resident"]),
        ]

    async def test_a_changed_queue_is_a_new_policy(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        applied = await bench.apply(changed("queues", 0, requirement="billing >= 2"))
        assert applied.changes.lines == ["~ policy: version 2"]

    async def test_what_is_gone_is_retired_and_comes_back_as_it_was(self, bench: Bench) -> None:
        first = await bench.apply(SETUP)
        without = {**SETUP, "endpoints": SETUP["endpoints"][:1], "agents": []}
        applied = await bench.apply(without)
        assert applied.changes.lines == ["- endpoint contact-form", "- agent li@acme.test"]
        again = await bench.apply(SETUP)
        assert again.endpoints == first.endpoints
        assert again.changes.lines == [
            "~ endpoint contact-form: in use again",
            "~ agent li@acme.test: in use again",
        ]

    async def test_an_agent_who_is_gone_is_signed_out(self, bench: Bench) -> None:
        tenant_id = (await bench.apply(SETUP)).tenant_id
        async with bench._owner.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO refresh_session"
                    " (id, tenant_id, family_id, agent_id, token_hash, expires_at)"
                    " SELECT gen_random_uuid(), :t, :family, id, 'x', now() + interval '1 hour' FROM agent"
                ),
                {"t": tenant_id, "family": (family := new_id())},
            )
        await bench.apply({**SETUP, "agents": []})
        assert await bench.rows("SELECT * FROM ended_sessions(interval '1 minute')") == [(family,)]

    async def test_fewer_units_than_are_held_leave_an_excess(self, bench: Bench) -> None:
        await bench.apply(SETUP)
        async with bench._owner.transaction() as session:
            await session.execute(text("UPDATE agent SET units_held = 100"))
        await bench.apply(changed("agents", 0, capacity={"units": 40}))
        assert await bench.rows("SELECT units_max, units_excess FROM agent") == [(40, 60)]
        await bench.apply(SETUP)
        assert await bench.rows("SELECT units_max, units_excess FROM agent") == [(100, 0)]

    async def test_a_queue_that_still_holds_work_stays(self, bench: Bench) -> None:
        spare = {"key": "spare", "teams": [{"key": SETUP["teams"][0]["key"]}]}
        tenant_id = (await bench.apply({**SETUP, "queues": [*SETUP["queues"], spare]})).tenant_id
        row = {"channel": "chat", "queue": "spare", "state": "parked", "tier": "x", "policy_version": 1}
        async with bench._owner.transaction() as session:
            session.add(Interaction(tenant_id=tenant_id, **row))
        with pytest.raises(CommandError, match=r"spare \(1\)"):
            await bench.apply(SETUP)
        async with bench._owner.transaction() as session:
            await session.execute(text("UPDATE interaction SET state = 'closed'"))
        assert "- queue spare" in (await bench.apply(SETUP)).changes.lines


class TestDryRun:
    async def test_it_tells_and_changes_nothing(self, bench: Bench) -> None:
        applied = await bench.apply(SETUP, dry_run=True)
        assert "+ queue billing" in applied.changes.lines
        assert await bench.rows("SELECT 1 FROM tenant") == []
        assert await bench.rows("SELECT 1 FROM event_log") == []

    async def test_it_tells_what_the_policy_says_otherwise(
        self, bench: Bench, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await bench.apply({**SETUP, "agents": [], "endpoints": []})
        setup = {**changed("queues", 0, head_start_seconds=60), "agents": [], "endpoints": []}
        bench.file.write_text(yaml.safe_dump(setup))
        assert await command.run(bench.settings, bench.file, True, False) == 0
        told = ["~ policy: version 2", "  ~ queue billing: head start 0 → 60 s"]
        assert capsys.readouterr().out.splitlines() == told
        assert await command.run(bench.settings, bench.file, True, True) == 0
        [change] = orjson.loads(capsys.readouterr().out)["policy"]
        assert change["line"] == told[1].strip()
        assert (change["before"], change["after"]) == (0, 60_000_000)
        assert await bench.rows("SELECT version FROM policy") == [(1,)]


class TestTenants:
    async def test_the_same_keys_in_two(self, bench: Bench) -> None:
        first = await bench.apply(SETUP)
        second = await bench.apply({**SETUP, "tenant": {"key": "other"}})
        assert first.tenant_id != second.tenant_id
        assert not {e["id"] for e in first.endpoints.values()} & {e["id"] for e in second.endpoints.values()}


class TestCommand:
    async def test_endpoints_as_json(
        self, bench: Bench, capsys: pytest.CaptureFixture[str], database_url: str
    ) -> None:
        setup = changed("endpoints", 0, config={"secret": SECRETS["HOTLINE"]})
        bench.file.write_text(yaml.safe_dump({**setup, "agents": []}))
        assert await command.run(bench.settings, bench.file, False, True) == 0
        endpoints = orjson.loads(capsys.readouterr().out)["endpoints"]
        assert endpoints["hotline"]["path"] == f"/webhooks/{endpoints['hotline']['id']}"
        assert endpoints["contact-form"]["path"].startswith("/forms/")

    async def test_who_is_listened_to_has_no_path(
        self, bench: Bench, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asterisk = {"url": "http://10.0.0.5:8088/ari", "username": "touchpoint", "password": "x"}
        setup = changed("endpoints", 0, adapter="ari", config=asterisk)
        bench.file.write_text(yaml.safe_dump({**setup, "agents": []}))
        assert await command.run(bench.settings, bench.file, False, True) == 0
        hotline = orjson.loads(capsys.readouterr().out)["endpoints"]["hotline"]
        assert hotline["id"] and hotline["path"] is None
        assert await command.run(bench.settings, bench.file, False, False) == 0
        assert "hotline: " not in capsys.readouterr().out

    async def test_a_wrong_configuration_is_refused_with_its_line(self, bench: Bench) -> None:
        setup = changed("endpoints", 0, config={"secret": "plain"})
        bench.file.write_text(yaml.safe_dump({**setup, "agents": []}, sort_keys=False))
        line = next(n for n, row in enumerate(bench.file.read_text().splitlines(), 1) if "secret:" in row)
        with pytest.raises(CommandError, match=rf"SETUP\.yaml:{line}: /endpoints/0/config/secret: "):
            await command.run(bench.settings, bench.file, False, False)

    async def test_another_installations_key(self, bench: Bench, tmp_path: Path) -> None:
        await bench.apply(SETUP)
        bench.settings = bench.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
        with pytest.raises(CommandError, match="does not open"):
            await bench.apply(SETUP)
