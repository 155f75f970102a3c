"""Platforms that are down, slow us down, or take only so much: over real HTTP."""

from dataclasses import dataclass

import orjson
import pytest
from sqlalchemy import text

from app.clock import SystemClock, new_id
from channels.base import Capabilities
from channels.rooms import TOGETHER_MAX, Rooms
from tests.sender.office import Office
from tests.sender.platform import PlatformAdapter
from tests.waiting import eventually

TAKEN = text(
    "INSERT INTO partition_owner (consumer, partition, owner, epoch) VALUES ('intake', :number, :owner, 1)"
)


async def circuits(office: Office) -> list[dict[str, object]]:
    return await office.rows("SELECT * FROM circuit")


async def let_it_rest_no_longer(office: Office) -> None:
    async with office.post.database.transaction() as session:
        await session.execute(text("UPDATE circuit SET resting_until = clock_timestamp()"))
        await session.execute(text("UPDATE delivery SET next_attempt_at = clock_timestamp()"))


class TestAPlatformThatIsDown:
    async def test_is_left_alone_after_failures_in_a_row(self, office: Office) -> None:
        office.platform.moods = [(503, {})] * 100
        for number in range(5):
            await office.put(conversation=f"c{number}")
        async with office.post.sending():
            await eventually(lambda: self.is_open(office))
            asked = office.platform.asked["/messages"]
            later = await office.put(conversation="later")
            other = await office.elsewhere()
            await eventually(lambda: office.post.dispatch.outcomes == [(other, "failed: HTTP 404 Not Found")])
            assert (await office.post.row(later))["attempts"] == 0
        (circuit,) = await circuits(office)
        assert circuit["reason"] == "HTTP 503"
        assert asked >= 5

    async def test_gets_one_probe_and_then_all_that_waits(self, office: Office) -> None:
        office.platform.moods = [(503, {})] * 5
        for number in range(5):
            await office.put(conversation=f"c{number}")
        async with office.post.sending():
            await eventually(lambda: self.is_open(office))
            await let_it_rest_no_longer(office)
            assert await office.outcomes(5) == ["sent"] * 5
        assert await circuits(office) == []

    async def test_rests_longer_when_the_probe_fails_too(self, office: Office) -> None:
        office.platform.moods = [(503, {})] * 6
        for number in range(5):
            await office.put(conversation=f"c{number}")
        async with office.post.sending():
            await eventually(lambda: self.is_open(office))
            await let_it_rest_no_longer(office)
            await eventually(lambda: self.probes(office))
            assert office.platform.asked["/messages"] == 6

    async def test_does_not_hold_back_commands(self, office: Office) -> None:
        office.platform.moods = [(503, {})] * 100
        for number in range(5):
            await office.put(conversation=f"c{number}")
        async with office.post.sending():
            await eventually(lambda: self.is_open(office))
            command = await office.put("command", conversation="a call")

            async def tried() -> bool:
                return bool((await office.post.row(command))["attempts"])

            await eventually(tried)

    async def is_open(self, office: Office) -> bool:
        found = await circuits(office)
        return bool(found and found[0]["opened_at"])

    async def probes(self, office: Office) -> bool:
        found = await circuits(office)
        return bool(found and found[0]["probes"])


class TestAPlatformThatHasHadEnough:
    async def test_is_not_asked_again_by_anybody_for_as_long_as_it_says(self, office: Office) -> None:
        office.platform.moods = [(429, {"retry-after": "3600"})]
        await office.put(conversation="c1")
        async with office.post.sending():
            await eventually(lambda: circuits(office))
            await office.put(conversation="c2")
            await office.elsewhere()
            assert await office.outcomes(1) == ["failed: HTTP 404 Not Found"]
            assert office.platform.asked["/messages"] == 1
        (row,) = await office.rows("SELECT resting_until > now() + interval '50 min' AS long FROM circuit")
        assert row["long"]

    async def test_for_ages_is_asked_within_the_hour(self, office: Office) -> None:
        office.platform.moods = [(429, {"retry-after": "99999999"})]
        message = await office.put()
        async with office.post.sending():
            await eventually(lambda: circuits(office))
        row = await office.post.row(message)
        assert (row["next_attempt_at"] - row["created_at"]).total_seconds() < 3700


@dataclass
class Minute(SystemClock):
    """A clock that the test moves."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds


class TestAPlatformThatTakesSoManyASecond:
    def test_gets_no_more(self) -> None:
        clock, endpoint = Minute(), new_id()
        rooms = Rooms(clock, lambda: [(endpoint, 20.0)])
        begun = 0
        for tick in range(1001):
            clock.seconds = tick / 100
            for _ in range(rooms.free()[endpoint]):
                rooms.begin(endpoint)
                rooms.end(endpoint)
                begun += 1
        assert 200 <= begun <= 202

    def test_gets_no_more_from_several_workers(self) -> None:
        clock, endpoint = Minute(), new_id()
        workers = [Rooms(clock, lambda: [(endpoint, 20.0)]) for _ in range(4)]
        begun = 0
        for tick in range(1001):
            clock.seconds = tick / 100
            for rooms in workers:
                rooms.share(len(workers))
                for _ in range(rooms.free()[endpoint]):
                    rooms.begin(endpoint)
                    rooms.end(endpoint)
                    begun += 1
        assert 190 <= begun <= 204

    def test_with_more_requests_than_messages_gets_fewer_messages(self) -> None:
        clock, endpoint = Minute(), new_id()
        rooms = Rooms(clock, lambda: [(endpoint, 1.0)])
        assert rooms.free()[endpoint] == 1
        rooms.begin(endpoint)
        rooms.end(endpoint)
        rooms.spend(endpoint, 2)
        clock.seconds = 2.9
        assert rooms.free()[endpoint] == 0
        assert rooms.seconds_until_room() == pytest.approx(0.1)
        clock.seconds = 3.1
        assert rooms.free()[endpoint] == 1

    def test_leaves_room_for_others(self) -> None:
        rooms, slow = Rooms(Minute(), lambda: ()), new_id()
        for _ in range(TOGETHER_MAX):
            rooms.begin(slow)
        assert rooms.free() == {slow: 0}

    async def test_is_sent_to_no_faster(self, office: Office) -> None:
        class Slow(PlatformAdapter):
            capabilities = Capabilities(per_second=10)

        office.post.adapters[office.endpoint] = Slow(office.platform.url)
        for number in range(6):
            await office.put(conversation=f"c{number}")
        async with office.post.sending():
            await office.outcomes(6)
        rows = await office.rows("SELECT at FROM exchange WHERE url LIKE '%/messages' ORDER BY at")
        # Each takes an upload and a message: six are twelve requests, and the log-in.
        assert (rows[-1]["at"] - rows[0]["at"]).total_seconds() > 0.8

    async def test_is_sent_to_no_faster_by_two_workers(self, office: Office) -> None:
        class Slow(PlatformAdapter):
            capabilities = Capabilities(per_second=10)

        office.post.adapters[office.endpoint] = Slow(office.platform.url)
        for number in range(6):
            await office.put(conversation=f"c{number}")
        async with office.post.database.transaction() as session:
            await session.execute(TAKEN, [{"number": n, "owner": new_id()} for n in range(2)])
        async with office.post.sending(), office.post.sending():
            await office.outcomes(6)
        rows = await office.rows("SELECT at FROM exchange WHERE url LIKE '%/messages' ORDER BY at")
        assert (rows[-1]["at"] - rows[0]["at"]).total_seconds() > 0.7


class TestASenderThatDiesBeforeItRecords:
    async def test_is_followed_by_one_repeat_with_the_same_key(self, office: Office) -> None:
        """The platform has it, our rows do not know: over real HTTP, with a platform that knows the key."""
        message = await office.put()
        office.post.dispatch.breaks = True
        async with office.post.sending():
            await eventually(lambda: office.platform.taken)
            await eventually(lambda: office.post.dispatch.broke)
        assert await office.post.state(message) == "claimed"
        office.post.dispatch.breaks = False
        async with office.post.database.transaction() as session:
            await session.execute(text("UPDATE delivery SET lease_until = clock_timestamp()"))
        async with office.post.sending():
            assert await office.outcomes(1) == ["sent"]
        assert office.platform.asked["/messages"] == 2
        assert len(office.platform.taken) == 1


class TestTheExchangeLog:
    async def test_tells_each_request_without_what_proves_who_we_are(self, office: Office) -> None:
        office.platform.moods = [(503, {"retry-after": "0"})]
        message = await office.put()
        async with office.post.sending():
            await office.outcomes(1)
        rows = await office.rows("SELECT * FROM exchange ORDER BY id")
        assert [(row["url"].rpartition("/")[2], row["status"], row["outcome"]) for row in rows] == [
            ("token", 200, None),
            ("uploads", 200, None),
            ("messages", 503, "retry"),
            ("uploads", 200, None),
            ("messages", 200, "sent"),
        ]
        assert {row["delivery_id"] for row in rows} == {message}
        assert orjson.loads(rows[0]["request"]) == {"secret": "…"}
        assert orjson.loads(rows[0]["response"])["token"] == "…"
        assert "hello" in rows[2]["request"]
        assert rows[2]["reason"] == "HTTP 503"

    async def test_knows_that_nobody_answered(self, office: Office) -> None:
        office.post.adapters[office.endpoint] = PlatformAdapter("http://127.0.0.1:9")
        await office.put()
        async with office.post.sending():
            await eventually(lambda: circuits(office))
        (row,) = await office.rows("SELECT * FROM exchange LIMIT 1")
        assert (row["status"], row["outcome"]) == (None, "retry")
        assert "ConnectError" in row["reason"]
