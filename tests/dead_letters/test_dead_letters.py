"""Dead letters: shown in clear to the operator, replayed with the same id, kept when that fails."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
import pytest

from app.bus.envelopes import from_json, to_json
from app.bus.positions import Share
from app.container import Container
from app.database import WORKER_ROLE, Database
from app.dead_letters import list_letters, replay_letters, show_letter
from app.doors.unreadable import keep_unreadable
from app.errors import CommandError
from app.events import Envelope, Stream
from tests.contracts.world import event
from tests.parts import SeededTenant, open_test_container, seed


@pytest.fixture
async def container(database_url: str, tmp_path: Path) -> AsyncIterator[Container]:
    async with open_test_container(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def acme(container: Container) -> SeededTenant:
    return await seed(container, "acme")


async def park(container: Container, envelope: Envelope) -> UUID:
    """As the runner parks it; the letter's id."""
    database = Database(container.database.url, WORKER_ROLE, pool_size=1)
    raw = container.cipher.seal(envelope.tenant_id, to_json(envelope))
    async with database.transaction() as session:
        share = Share("intake", Stream.INBOUND, "postgres", envelope.partition)
        await share.park(session, envelope, raw, "PoisonEvent: no\x00good")
    await database.close()
    return (await rows(container, "SELECT id FROM dead_letter ORDER BY id DESC LIMIT 1"))[0]["id"]


async def rows(container: Container, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(container.settings.database_url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(query)
        return found
    finally:
        await connection.close()


def told(output: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = orjson.loads(output)
    return found


class TestList:
    async def test_newest_first(self, container: Container, acme: SeededTenant, capsys) -> None:
        first = await park(container, event("a", tenant_id=acme.id))
        second = await park(container, event("b", tenant_id=acme.id))
        assert await list_letters(container.settings, True) == 0
        assert [letter["id"] for letter in told(capsys.readouterr().out)] == [str(second), str(first)]

    async def test_for_people_one_line_each(self, container: Container, acme: SeededTenant, capsys) -> None:
        letter = await park(container, event("a", tenant_id=acme.id))
        await list_letters(container.settings, False)
        out, err = capsys.readouterr()
        assert out.startswith(str(letter)) and "intake" in out and "PoisonEvent: nogood" in out
        assert err == "1 parked\n"


class TestShow:
    async def test_the_event_in_clear(self, container: Container, acme: SeededTenant, capsys) -> None:
        letter = await park(container, event("a", '{"text":"你好"}'.encode(), tenant_id=acme.id))
        assert await show_letter(container.settings, str(letter), True) == 0
        shown = orjson.loads(capsys.readouterr().out)
        assert shown["content"] == '{"text":"你好"}'
        assert shown["tenant_id"] == str(acme.id)

    @pytest.mark.parametrize("letter", ["nonsense", "01a20351-061c-704e-bc4f-59056cb1f67c"])
    async def test_of_an_unknown_id(self, container: Container, letter: str) -> None:
        with pytest.raises(CommandError):
            await show_letter(container.settings, letter, False)


class TestReplay:
    async def test_goes_back_with_its_id(self, container: Container, acme: SeededTenant, capsys) -> None:
        sent = event("a", tenant_id=acme.id)
        letter = await park(container, sent)
        assert await replay_letters(container.settings, [str(letter)], False) == 0
        [row] = await rows(container, "SELECT id, key FROM event_log")
        assert (row["id"], row["key"]) == (sent.id, "a")
        await list_letters(container.settings, True)
        assert told(capsys.readouterr().out.splitlines()[-1]) == []

    async def test_of_what_a_door_could_not_read_uses_the_adapter_of_today(
        self, container: Container, acme: SeededTenant
    ) -> None:
        endpoint = acme.endpoints["hotline"]
        body = orjson.dumps(
            {"type": "call.incoming", "call_id": "c1", "from": "+14155550100", "to": "+14155550199",
             "at": "2026-11-01T08:00:00Z", "data": {}}
        )  # fmt: skip
        place = (container.database, container.cipher, acme.id, endpoint.id)
        await keep_unreadable(*place, body, "an older version could not read it", "on=status&x=%2F")
        await keep_unreadable(*place, b"\xff", "not JSON")
        assert await replay_letters(container.settings, [], True) == 1
        [row] = await rows(container, "SELECT type FROM event_log")
        assert row["type"] == "touchpoint.call.incoming.v1"
        [kept] = await rows(container, "SELECT error FROM dead_letter WHERE replayed_at IS NULL")
        assert kept["error"] == "not JSON"


class TestEnvelopeAsJson:
    @pytest.mark.parametrize("key", ["a", "客户/\x00", "\ud800"])
    def test_comes_back_whole(self, key: str) -> None:
        sent = event(key, b"\xff\x00", subject="s")
        assert from_json(to_json(sent)) == sent

    @pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b'{"id": 1}', b"\xff"])
    def test_what_is_none_is_refused(self, raw: bytes) -> None:
        with pytest.raises(ValueError):
            from_json(raw)
