"""Platforms that need a log-in and several requests, keep files, and are asked for what they hold: over real
HTTP."""

from uuid import UUID

import orjson
import pytest

from tests.sender.office import Office
from tests.sender.platform import PlatformAdapter
from tests.waiting import eventually


class TestALogIn:
    async def test_is_one_for_all_messages_of_two_senders(self, office: Office) -> None:
        for number in range(20):
            await office.put(conversation=f"c{number}")
        async with office.post.sending(), office.post.sending():
            assert await office.outcomes(20) == ["sent"] * 20
        assert office.platform.asked["/token"] == 1
        assert sorted(office.post.dispatch.provider_ids) == sorted(f"m{n}" for n in range(1, 21))  # type: ignore[type-var]

    async def test_outlives_the_process_and_stands_nowhere_in_the_clear(self, office: Office) -> None:
        for number in range(2):
            await office.put(conversation=f"c{number}")
            async with office.post.sending():
                await office.outcomes(number + 1)
        assert office.platform.asked["/token"] == 1
        (row,) = await office.rows("SELECT * FROM endpoint_state")
        assert b"t1" not in row["value"]

    async def test_whose_token_is_refused_is_made_again_at_once(self, office: Office) -> None:
        await office.put()
        async with office.post.sending():
            await office.outcomes(1)
            office.platform.tokens = 7  # somebody else has logged in
            message = await office.put()
            assert await office.outcomes(2) == ["sent", "sent"]
        assert office.platform.asked["/token"] == 2
        assert (await office.post.row(message))["attempts"] == 1

    async def test_with_a_changed_set_up_is_a_new_one(self, office: Office) -> None:
        await office.put()
        async with office.post.sending():
            await office.outcomes(1)
            office.post.version = 2
            await office.put()
            await office.outcomes(2)
        assert office.platform.asked["/token"] == 2

    async def test_that_is_refused_fails_the_message_by_name(self, office: Office) -> None:
        office.post.adapters[office.endpoint] = PlatformAdapter(office.platform.url, secret="wrong")
        await office.put()
        async with office.post.sending():
            assert await office.outcomes(1) == ["failed: the platform refuses the secret"]


class TestAMessageInSteps:
    async def test_that_failed_half_way_begins_anew_with_the_same_key(self, office: Office) -> None:
        office.platform.moods = [(503, {"retry-after": "0"})]
        message = await office.put()
        async with office.post.sending():
            assert await office.outcomes(1) == ["sent"]
        (taken,) = office.platform.taken
        row = await office.post.row(message)
        assert (taken["key"], row["attempts"]) == (row["provider_key"], 2)
        assert office.platform.asked["/uploads"] == 2


class TestAFile:
    async def put(self, office: Office, path: str) -> UUID:
        payload = {"index": 0, "reference": {"path": path}, "name": "photo.png"}
        return await office.put("media", payload=payload)

    @pytest.mark.parametrize("path", ["/files/a", "/moved/a"])
    async def test_is_fetched_and_stored(self, office: Office, path: str) -> None:
        office.platform.files["a"] = b"\x89PNG"
        await self.put(office, path)
        async with office.post.sending():
            assert await office.outcomes(1) == ["file: file"]
        assert office.post.dispatch.files == [("image/png", b"\x89PNG")]

    async def test_that_is_gone_is_said_to_be(self, office: Office) -> None:
        await self.put(office, "/files/none")
        async with office.post.sending():
            assert await office.outcomes(1) == ["failed: the file is gone"]

    async def test_that_is_too_large_is_not_taken_for_its_beginning(self, office: Office) -> None:
        office.platform.files["a"] = b"x" * 1001
        await self.put(office, "/files/a")
        async with office.post.sending():
            assert await office.outcomes(1) == ["failed: the file has more than 1000 bytes"]
        assert office.post.dispatch.files == []


class TestAFetch:
    async def test_brings_all_that_is_held_page_by_page(self, office: Office) -> None:
        office.platform.held = ["one", "two", "three", "four", "five"]
        fetch = await office.put("fetch")
        async with office.post.sending():
            await eventually(lambda: self.is_done(office, fetch))
        assert await self.texts(office) == ["one", "two", "three", "four", "five"]
        assert office.platform.asked["/held"] == 3

    async def test_goes_on_where_the_last_one_stopped(self, office: Office) -> None:
        for texts in (["one"], ["one", "two"]):
            office.platform.held = texts
            fetch = await office.put("fetch")
            async with office.post.sending():
                await eventually(lambda fetch=fetch: self.is_done(office, fetch))
        assert await self.texts(office) == ["one", "two"]

    async def test_brings_no_identity_number_into_the_log(self, office: Office) -> None:
        office.platform.held = ["It is 110101199003071233."]
        fetch = await office.put("fetch")
        async with office.post.sending():
            await eventually(lambda: self.is_done(office, fetch))
        assert await self.texts(office) == ["It is 110101********1233."]
        exchanges = await office.rows("SELECT request, response FROM exchange")
        assert exchanges and "19900307" not in str(exchanges)

    async def test_with_a_dead_token_logs_in_again(self, office: Office) -> None:
        office.platform.held = ["one"]
        await office.put()
        async with office.post.sending():
            await office.outcomes(1)
            office.platform.tokens = 7
            fetch = await office.put("fetch")
            await eventually(lambda: self.is_done(office, fetch))
        assert await self.texts(office) == ["one"]

    async def is_done(self, office: Office, fetch: UUID) -> bool:
        return await office.post.state(fetch) == "sent"

    async def texts(self, office: Office) -> list[str]:
        """What stands in the log for intake, as it came from that endpoint."""
        rows = await office.rows("SELECT data, source, stream FROM event_log ORDER BY position")
        assert {(row["source"], row["stream"]) for row in rows} == {
            (f"/endpoints/{office.endpoint}", "inbound")
        }
        return [orjson.loads(row["data"])["text"] for row in rows]
