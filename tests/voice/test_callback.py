"""Callbacks: the caller hangs up and keeps the place; agent and customer are dialled when an agent is there
(SEMANTICS §1.1)."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from demo.pbx.switch import CallState, Device, PhoneCall
from tests.running import Desktop, Lane
from tests.voice.test_races import accepted, entry_outcome, figures_of, units_free
from tests.waiting import eventually


def number_of(lane: Lane) -> str:
    return f"+86139001{lane.number:05}"


async def lives_where_it_is(desk: Desktop, lane: Lane, hour: int) -> None:
    """The customer of this lane, whose clock shows about this hour now."""
    offset = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    zone = f"Etc/GMT{-offset:+d}"  # the sign of these zones is that of what is added to be at Greenwich
    address = {"kind": "phone", "value": number_of(lane)}
    body = {"name": f"Wang {lane.number}", "addresses": [address], "attributes": {"time_zone": zone}}
    (await desk.client.post("/v1/customers", body)).raise_for_status()


async def waits(desk: Desktop, lane: Lane) -> dict[str, Any]:
    """The one that waits in this lane."""

    async def found() -> dict[str, Any] | None:
        answer = await desk.client.http.get("/v1/interactions", params={"queue": lane.queue})
        items = answer.json()["items"]
        return items[0] if items else None

    seen = await eventually(found)
    assert seen is not None
    return seen


def dialled(lane: Lane) -> PhoneCall | None:
    """The newest call to the customer of this lane."""
    calls = [c for c in lane.service.exchange.switch.calls.values() if c.outbound and c.to == number_of(lane)]
    return calls[-1] if calls else None


@contextlib.asynccontextmanager
async def promised(lane: Lane, **wish: Any) -> AsyncIterator[tuple[Desktop, str, PhoneCall]]:
    """A caller waited, and was promised a callback; the agent has not come yet."""
    hour = wish.pop("hour", 14)
    async with lane.desktop(available=False) as desk:
        await lives_where_it_is(desk, lane, hour)
        call = lane.call(number_of(lane))
        x = (await waits(desk, lane))["id"]
        answer = await desk.client.post(f"/v1/interactions/{x}/callback", wish)
        assert answer.status_code == 200, answer.text
        yield desk, x, call


async def due(lane: Lane, x: str, column: str = "callback_at") -> None:
    """The time that was waited for has come."""
    connection = await asyncpg.connect(lane.service.settings.database_url)
    now = datetime.now(UTC) - timedelta(seconds=1)
    await connection.execute(f"UPDATE interaction SET {column} = $1 WHERE id = $2", now, x)
    await connection.close()


class TestInQueue:
    async def test_the_place_is_kept_and_both_are_dialled(self, lane: Lane) -> None:
        async with promised(lane) as (desk, x, call):
            seen = await desk.becomes(x, "callback_waiting")
            assert seen["callback"] == {"to": number_of(lane), "at": None, "attempts": 0}
            await eventually(lambda: call.state == CallState.ENDED)
            why = (await desk.client.http.get(f"/v1/interactions/{x}/explanation")).json()
            assert (why["kind"], why["state"], why["ahead"]) == ("waiting", "queued", 0)
            assert "signed_in" in [group["reason"] for group in why["groups"]]
            assert await entry_outcome(desk, x) == ["callback_requested"]
            await desk.client.be("available")
            offer = await desk.offer(x)
            assert offer["callback"]["to"] == number_of(lane)
            await accepted(desk)
            talking = await desk.becomes(x, "active")
            assert talking["callback"] is None
            assert await entry_outcome(desk, x) == ["callback_requested", "answered"]
            again = dialled(lane)
            assert again is not None and again.state == CallState.CONNECTED
            lane.service.exchange.switch.hang_up(again.id)
            await desk.becomes(x, "wrap_up")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await units_free(desk)

    async def test_the_age_goes_on_and_the_balance_holds(self, lane: Lane) -> None:
        async with promised(lane) as (desk, x, _):
            before = await desk.becomes(x, "callback_waiting")
            assert before["waiting_since"] is not None
            await desk.client.be("available")
            await accepted(desk)
            after = await desk.becomes(x, "active")
            kinds = {s["kind"]: s for s in after["segments"]}
            assert kinds["callback"]["outcome"] == "due"
            waited = datetime.fromisoformat(after["answered_at"]) - datetime.fromisoformat(
                after["created_at"]
            )
            assert after["age_seconds"] == pytest.approx(waited.total_seconds(), abs=0.5)
            entries = [s["entry_kind"] for s in after["segments"] if s["kind"] == "queue"]
            assert entries == ["new", "callback"]
            figures = await figures_of(lane, desk)
            counted = ("offered", "answered", "callback_requested", "abandoned", "still_waiting")
            assert [figures[name] for name in counted] == [2, 1, 1, 0, 0]

    async def test_a_missed_callback_goes_to_the_next_agent(self, lane: Lane) -> None:
        lane.behaves(Device.UNREACHABLE)
        async with promised(lane) as (desk, x, _):
            await desk.client.be("available")
            await accepted(desk)
            seen = await desk.becomes(x, "queued")
            assert (seen["callback"]["attempts"], (await desk.me())["presence"]["status"]) == (
                0,
                "not_responding",
            )
            lane.behaves(Device.ANSWERS)
            desk.events.clear()
            await desk.client.be("available")
            await accepted(desk)
            await desk.becomes(x, "active")

    async def test_pressing_the_key_of_the_queue(self, lane: Lane) -> None:
        async with lane.desktop(available=False) as desk:
            await lives_where_it_is(desk, lane, 14)
            call = lane.call(number_of(lane))
            x = (await waits(desk, lane))["id"]
            lane.service.exchange.switch.press(call.id, "7")
            lane.service.exchange.switch.press(call.id, "1")
            await desk.becomes(x, "callback_waiting")
            await eventually(lambda: call.state == CallState.ENDED)

    async def test_a_withheld_number_is_not_promised_anything(self, lane: Lane) -> None:
        async with lane.desktop(available=False) as desk:
            call = lane.call(None)
            x = (await waits(desk, lane))["id"]
            answer = await desk.client.post(f"/v1/interactions/{x}/callback", {})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/address")
            lane.service.exchange.switch.press(call.id, "1")
            given = {"kind": "phone", "value": number_of(lane)}
            answer = await desk.client.post(f"/v1/interactions/{x}/callback", {"address": given})
            assert answer.json()["state"] == "callback_waiting"


class TestNotReached:
    @pytest.mark.parametrize("device", [Device.BUSY, Device.SILENT])
    async def test_tried_again_in_a_quarter_of_an_hour_three_times(self, lane: Lane, device: Device) -> None:
        switch = lane.service.exchange.switch
        switch.devices[number_of(lane)] = device
        async with promised(lane) as (desk, x, _):
            await desk.client.be("available")
            for attempt in range(1, 5):
                await accepted(desk)
                if device == Device.SILENT:
                    await self.nobody_picks_up(lane)
                if attempt == 4:
                    break

                async def put_back(attempt: int = attempt) -> bool:
                    seen = await desk.interaction(x)
                    return seen["state"] == "callback_waiting" and seen["callback"]["attempts"] == attempt

                await eventually(put_back)
                seen = await desk.interaction(x)
                wait = datetime.fromisoformat(seen["callback"]["at"]) - datetime.now(UTC)
                assert timedelta(minutes=14) < wait <= timedelta(minutes=15)
                await units_free(desk)
                desk.events.clear()
                await due(lane, x)
            over = await desk.becomes(x, "closed")
            assert over["disposition"] == "unreached"
            assert await entry_outcome(desk, x) == ["callback_requested"] * 4 + ["ended_by_us"]
            await units_free(desk)

    async def nobody_picks_up(self, lane: Lane) -> None:
        ringing = await eventually(lambda: self.rings(lane))
        assert ringing is not None
        lane.service.exchange.switch.hang_up(ringing.id, by="platform", cause="no_answer")

    def rings(self, lane: Lane) -> PhoneCall | None:
        call = dialled(lane)
        picked_up = call is not None and call.leg is not None and call.leg.answered
        return call if picked_up and call is not None and call.state == CallState.RINGING else None

    async def test_what_the_platform_will_not_dial_is_no_agents_fault(self, lane: Lane) -> None:
        """Else one number that cannot be dialled would take every agent out of work, one after the other."""
        async with promised(lane) as (desk, x, _):
            lane.service.exchange.switch.refuses.add("call.dial")
            await desk.client.be("available")
            offer = await desk.offer(x)
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")

            async def put_off() -> bool:
                told = (await desk.interaction(x))["callback"]
                return bool(told["attempts"] == 1 and told["at"])

            try:
                await eventually(put_off)
            finally:
                lane.service.exchange.switch.refuses.discard("call.dial")
            assert (await desk.me())["presence"]["status"] == "available"
            await units_free(desk)


class TestTheCustomerCallsAgain:
    async def test_the_new_call_has_the_place_and_the_callback_is_closed(self, lane: Lane) -> None:
        async with promised(lane) as (desk, x, _):
            before = await desk.becomes(x, "callback_waiting")
            lane.call(number_of(lane))
            over = await desk.becomes(x, "closed")
            assert over["disposition"] is None
            new = await waits(desk, lane)
            assert (new["queue"], new["follows"], new["state"]) == (lane.queue, x, "queued")
            assert new["waiting_since"] == before["waiting_since"]
            assert new["queued_at"] == before["queued_at"]

    async def test_while_it_rings_at_an_agent(self, lane: Lane) -> None:
        async with promised(lane) as (desk, x, _):
            await desk.client.be("available")
            await desk.offer(x)
            desk.events.clear()
            lane.call(number_of(lane))
            await desk.becomes(x, "closed")
            new = await accepted(desk)
            assert new != x
            await desk.becomes(new, "active")


class TestLater:
    async def test_of_who_talks_now_a_new_one_follows(self, lane: Lane) -> None:
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        async with lane.desktop() as desk:
            await lives_where_it_is(desk, lane, 14)
            call = lane.call(number_of(lane))
            x = await accepted(desk)
            await desk.becomes(x, "active")
            wish = {"at": at.isoformat()}
            later = (await desk.client.post(f"/v1/interactions/{x}/callback", wish)).json()
            assert (later["state"], later["follows"]) == ("scheduled", x)
            assert datetime.fromisoformat(later["callback"]["at"]) == at
            assert (await desk.interaction(x))["state"] == "active"
            lane.service.exchange.switch.hang_up(call.id)
            await desk.becomes(x, "wrap_up")
            await desk.client.post(f"/v1/interactions/{x}/wrap-up", {"disposition": "solved"})
            await units_free(desk)
            desk.events.clear()
            await due(lane, later["id"])
            assert await accepted(desk) == later["id"]
            await desk.becomes(later["id"], "active")

    async def test_outside_the_calling_hours_it_waits_for_the_morning(self, lane: Lane) -> None:
        """It is about eleven at night where the customer is."""
        async with promised(lane, hour=23) as (desk, x, _):
            seen = await desk.becomes(x, "callback_waiting")
            wait = datetime.fromisoformat(seen["callback"]["at"]) - datetime.now(UTC)
            assert timedelta(hours=8) < wait <= timedelta(hours=9)

    async def test_what_waits_when_the_hours_end_is_put_off(self, lane: Lane) -> None:
        async with promised(lane) as (desk, x, _):
            await desk.client.be("available")
            await desk.offer(x)
            await due(lane, x, "callback_until")
            await desk.pushed("offer.revoked", lambda data: data["cause"] == "closed")

    async def test_who_is_offered_it_may_put_it_off(self, lane: Lane) -> None:
        """It was arranged anew beside the one that rings, and the customer called twice."""
        async with promised(lane) as (desk, x, _):
            await desk.client.be("available")
            await desk.offer(x)
            at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            answer = await desk.client.post(f"/v1/interactions/{x}/callback", {"at": at})
            assert (answer.json()["id"], answer.json()["state"]) == (x, "callback_waiting")
            await desk.pushed("offer.revoked")
            await units_free(desk)

    async def test_no_supervisor_has_it_called_before_its_time(self, lane: Lane) -> None:
        async with (
            promised(lane, hour=23) as (desk, x, _),
            lane.desktop(email="boss@acme.test", available=False) as boss,
        ):
            answer = await boss.client.post(f"/v1/interactions/{x}/reassign", {"agent": lane.email})
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/illegal-transition")
            assert (await desk.interaction(x))["state"] == "callback_waiting"


class TestExplanation:
    @pytest.mark.parametrize(("hour", "said"), [(14, "It has waited"), (23, "whose time has not come")])
    async def test_says_why_it_still_waits(self, lane: Lane, hour: int, said: str) -> None:
        async with promised(lane, hour=hour) as (desk, x, _):

            async def told() -> list[str] | None:
                answer = await desk.client.http.get(f"/v1/interactions/{x}/explanation")
                return answer.json()["words"]["en"] if answer.status_code == 200 else None

            words = await eventually(told)
            assert words is not None and said in words[0]


class TestBadInput:
    @pytest.mark.parametrize(
        ("wish", "pointer"),
        [
            ({"at": "tomorrow"}, "/at"),
            ({"at": "2026-12-01T10:00:00"}, "/at"),
            ({"at": "9999-12-31T23:59:59-14:00"}, "/at"),
            ({"at": "0001-01-01T00:00:00+14:00"}, "/at"),
            ({"address": {"kind": "email", "value": "a@b.c"}}, "/address"),
            ({"address": {"kind": "phone", "value": "++"}}, "/address"),
            ({"address": {"kind": "phone"}}, "/address/value"),
        ],
    )
    async def test_is_refused_by_name(self, lane: Lane, wish: dict[str, Any], pointer: str) -> None:
        async with lane.desktop(available=False) as desk:
            lane.call(number_of(lane))
            x = (await waits(desk, lane))["id"]
            answer = await desk.client.post(f"/v1/interactions/{x}/callback", wish)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
            assert (await desk.interaction(x))["state"] == "queued"
