"""The supervisor's figures over HTTP, from rows that agents' and customers' doings have left."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from interactions.life.desk import database_now
from models.agent import Presence
from models.handling import handle_times
from tests.interactions.office import Office
from tests.interactions.test_consult import consulted


async def metrics(office: Office, who: str = "wang", **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = await office.get(who, "/queues/metrics", **{"window_seconds": 86400, **query})
    return found


def of_queue(report: dict[str, Any], queue: str) -> dict[str, Any]:
    [found] = [item for item in report["items"] if item["queue"] == queue]
    return dict(found)


async def shift(office: Office, table: str, **seconds: float) -> None:
    """Move these times of all rows back by so many seconds."""
    moved = ", ".join(f"{name} = {name} - make_interval(secs => {by})" for name, by in seconds.items())
    async with office.container.database.transaction(office.tenant.id) as session:
        await session.execute(text(f"UPDATE {table} SET {moved}"))


class TestWaiting:
    async def test_a_mail_in_an_agents_hands_is_not_among_those_who_wait(self, office: Office) -> None:
        await office.held("li", "email")
        waiting = await office.waiting("email")
        row = of_queue(await metrics(office), "billing")
        assert (row["waiting"], row["still_waiting"], row["offered"]) == (1, 2, 2)
        listed = await office.get("wang", "/queues/billing/waiting")
        assert [item["id"] for item in listed["items"]] == [str(waiting)]
        drilled = await office.get("wang", "/queues/metrics/interactions", figure="waiting")
        assert [item["id"] for item in drilled["items"]] == [str(waiting)]

    async def test_is_named_as_an_agent_has_said(self, office: Office) -> None:
        waiting = await office.waiting()
        headers = office.tenant.bearer("li")
        made = await office.client.post("/v1/customers", json={"name": "王小明"}, headers=headers)
        wish = {"customer_id": made.json()["id"]}
        await office.client.put(f"/v1/interactions/{waiting}/customer", json=wish, headers=headers)
        listed = await office.get("wang", "/queues/billing/waiting")
        assert [item["customer_name"] for item in listed["items"]] == ["王小明"]
        assert [item["endpoint"]["adapter"] for item in listed["items"]] == ["chat"]

    async def test_lists_come_in_pages(self, office: Office) -> None:
        for _ in range(3):
            await office.waiting()
        for path, query in (("/queues/billing/waiting", {}), ("/queues/metrics/interactions", OFFERED)):
            whole = [item["id"] for item in (await office.get("wang", path, **query))["items"]]
            first = await office.get("wang", path, limit=2, **query)
            rest = await office.get("wang", path, cursor=first["next_cursor"], **query)
            assert [item["id"] for item in first["items"] + rest["items"]] == whole
            assert (len(whole), rest["next_cursor"]) == (3, None)

    async def test_a_queue_is_named_by_key_or_id(self, office: Office) -> None:
        await office.waiting()
        [(queue_id,)] = await office.rows("SELECT id FROM queue WHERE key = 'billing'")
        by_id = await office.get("han", f"/queues/{queue_id}/waiting")
        assert len(by_id["items"]) == 1


OFFERED = {"figure": "offered"}


class TestHandling:
    async def test_a_part_counts_when_its_wrap_up_has_ended(self, office: Office) -> None:
        chat = await office.held()
        await shift(office, "segment", started_at=60)
        await office.act("li", chat, "end")
        assert of_queue(await metrics(office), "billing")["aht_seconds"] is None
        await office.act("li", chat, "wrap-up", {"disposition": "solved"})
        aht = of_queue(await metrics(office), "billing")["aht_seconds"]
        assert 60 <= aht < 120

    async def test_a_part_without_wrap_up_counts_when_it_ends(self, office: Office) -> None:
        mail = await office.held("li", "email")
        await office.act("li", mail, "close")
        assert of_queue(await metrics(office), "billing")["aht_seconds"] is not None

    async def test_the_time_in_which_a_call_held_a_mail_is_not_the_mails(self, office: Office) -> None:
        mail = await office.held("li", "email")
        await office.change(mail, lambda _desk, work: work.hold())
        await shift(office, "segment", started_at=60)
        await office.change(mail, lambda _desk, work: work.resume())
        await office.act("li", mail, "close")
        assert of_queue(await metrics(office), "billing")["aht_seconds"] < 30
        async with office.container.database.read(office.tenant.id) as session:
            [found] = await handle_times(session, await database_now(session))
        assert found.mean_us < 30_000_000

    async def test_the_time_in_which_a_caller_was_on_hold_is_the_calls(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.change(call, lambda _desk, work: work.hold())
        await shift(office, "segment", started_at=60)
        await office.change(call, lambda _desk, work: work.end_contact("customer", "normal", None))
        assert of_queue(await metrics(office), "billing")["aht_seconds"] >= 60

    async def test_of_two_chats_at_once_each_has_half_the_focus(self, office: Office) -> None:
        done, _ = await office.held(), await office.held(queue="sales")
        await shift(office, "segment", started_at=60)
        await office.change(done, lambda _desk, work: work.end_contact("customer", "normal", None))
        report = await metrics(office, "han")
        [tier], [channel] = report["by_tier"], report["by_channel"]
        for row in (of_queue(report, "billing"), tier, channel, report["totals"]):
            assert row["focus_seconds"] == pytest.approx(row["aht_seconds"] / 2, abs=1)

    async def test_a_call_alone_has_all_the_focus(self, office: Office) -> None:
        call = await office.held("li", "voice")
        await office.change(call, lambda _desk, work: work.hold())
        await shift(office, "segment", started_at=60)
        await office.change(call, lambda _desk, work: work.end_contact("customer", "normal", None))
        row = of_queue(await metrics(office), "billing")
        assert row["focus_seconds"] == pytest.approx(row["aht_seconds"])

    async def test_a_channel_of_which_only_work_ended_has_its_row(self, office: Office) -> None:
        chat = await office.held()
        await shift(office, "segment", started_at=3600)
        await office.change(chat, lambda _desk, work: work.end_contact("agent", "normal", None))
        report = await metrics(office, window_seconds=600)
        assert [(row["channel"], row["offered"]) for row in report["by_channel"]] == [("chat", 0)]


class TestCallOfOurs:
    async def test_that_waited_meanwhile_and_reached_nobody_was_ended_by_us(self, office: Office) -> None:
        await office.phone("li")
        to = {"kind": "phone", "value": "+8613800138000"}
        wish = {"channel": "voice", "endpoint": "hotline", "address": to, "purpose": "offer"}
        call = UUID((await office.post("li", "/interactions", wish)).json()["id"])
        await office.act("han", call, "reassign", {})
        await office.act("li", call, "take")
        await office.change(call, lambda _desk, work: work.close("customer", "busy", "not_reached"))
        row = of_queue(await metrics(office), "billing")
        assert (row["offered"], row["ended_by_us"], row["still_waiting"]) == (1, 1, 0)


class TestWaited:
    async def test_before_a_transfer_counts_since_they_first_queued(self, office: Office) -> None:
        chat = await office.waiting()
        await shift(office, "segment", started_at=60)
        await office.change(chat, lambda _desk, work: work.enter_queue("sales", "transfer"))
        await shift(office, "segment", started_at=10, ended_at=10)
        await office.set_agent("li", teams=["support", "sales"])
        await office.act("li", chat, "take")
        row = of_queue(await metrics(office), "sales")
        assert 10 <= row["asa_seconds"] < 60 <= row["asa_from_first_seconds"] - 10


class TestDrill:
    async def test_lists_who_was_turned_away(self, office: Office) -> None:
        chat = await office.waiting()
        await office.run("UPDATE segment SET kind = 'closed_door', ended_at = started_at")
        found = await office.get("wang", "/queues/metrics/interactions", figure="closed", queue="billing")
        assert [item["id"] for item in found["items"]] == [str(chat)]


class TestDialects:
    async def test_a_report_names_its_dialect_and_its_drill_speaks_it(self, office: Office) -> None:
        chat = await office.waiting()
        await office.change(chat, lambda _desk, work: work.customer_left())
        await shift(office, "segment", started_at=10)
        ours, theirs = await metrics(office), await metrics(office, dialect="connect")
        assert (ours["dialect"], of_queue(ours, "billing")["service_level"]) == ("touchpoint", 0)
        row = of_queue(theirs, "billing")
        assert (theirs["dialect"], row["service_level"]) == ("connect", 1)
        headers = office.tenant.bearer("wang")
        answer = await office.client.get(row["drill"] + "&figure=service_level", headers=headers)
        assert [item["id"] for item in answer.json()["items"]] == [str(chat)]

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [("dialect=avaya", "/dialect"), ("dialect=genesys&include=x", "/include")],
    )
    async def test_an_unknown_one_is_refused(self, office: Office, query: str, pointer: str) -> None:
        answer = await office.client.get(f"/v1/queues/metrics?{query}", headers=office.tenant.bearer("wang"))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


class TestEstimatedWait:
    async def test_for_the_next_arrival_and_for_each_place(self, office: Office) -> None:
        """Li does three chats of a minute at once, so one is done in 20 s. Two wait: the third is next."""
        await self.expect_a_minute(office)
        await office.set_agent("li", presence=Presence.AVAILABLE, signed_in=True)
        waiting = [await office.waiting(), await office.waiting()]
        row = of_queue(await metrics(office), "billing")
        assert row["estimated_wait_seconds"] == pytest.approx({"p50": 53.481206, "p90": 106.446406})
        assert row["estimated_wait_by_channel"] == {"chat": row["estimated_wait_seconds"]}
        listed = await office.get("wang", "/queues/billing/waiting")
        assert [item["id"] for item in listed["items"]] == [str(id_) for id_ in waiting]
        found = [round(item["estimated_wait_seconds"]["p90"], 3) for item in listed["items"]]
        assert found == [46.052, 77.794]

    async def test_nobody_there_is_null(self, office: Office) -> None:
        await self.expect_a_minute(office)
        await office.set_agent("li", presence=Presence.BREAK, signed_in=True)
        await office.waiting()
        assert of_queue(await metrics(office), "billing")["estimated_wait_seconds"] is None

    async def test_measured_handling_weighs_the_latest_most(self, office: Office) -> None:
        """One part of 100 s ended 15 min ago, one of 200 s now: (100/e + 200) / (1/e + 1)."""
        for seconds, ended in ((100, 900), (200, 0)):
            chat = await office.held()
            await office.act("li", chat, "end")
            await office.act("li", chat, "wrap-up", {"disposition": "solved"})
            await office.run(
                "UPDATE segment SET started_at = clock_timestamp() - make_interval(secs => :began), "
                "ended_at = clock_timestamp() - make_interval(secs => :ended) "
                "WHERE interaction_id = :chat AND kind = 'agent'",
                chat=chat, began=float(seconds + ended), ended=float(ended),
            )  # fmt: skip
            await office.run(
                "UPDATE segment SET started_at = clock_timestamp() - make_interval(secs => :ended), "
                "ended_at = clock_timestamp() - make_interval(secs => :ended) "
                "WHERE interaction_id = :chat AND kind = 'wrap_up'",
                chat=chat, ended=float(ended),
            )  # fmt: skip
        async with office.container.database.read(office.tenant.id) as session:
            [found] = await handle_times(session, await database_now(session))
        assert (found.queue, found.channel, found.samples) == ("billing", "chat", 2)
        assert found.mean_us / 1_000_000 == pytest.approx(173.106, abs=0.5)

    async def test_what_was_quoted_is_measured(self, office: Office) -> None:
        await office.held()
        await office.run("UPDATE segment SET quoted_wait_us = 60000000 WHERE kind = 'queue'")
        row = of_queue(await metrics(office), "billing")
        assert (row["estimate_coverage"], row["estimates_quoted"]) == (1, 1)

    async def expect_a_minute(self, office: Office) -> None:
        await office.publish(channels={"chat": {"expected_handle_seconds": 60.0}})


class TestWarmTransfer:
    async def test_one_customer_answered_once_and_two_parts_of_which_one_was_transferred(
        self, office: Office
    ) -> None:
        await office.set_agent("li", presence=Presence.AVAILABLE, signed_in=True)
        chat = await consulted(office)
        asked = await metrics(office)
        assert of_queue(asked, "billing")["agents"]["interacting"] == 2
        await office.act("li", chat, "consult/complete")
        await office.act("wang", chat, "end")
        for who in ("li", "wang"):
            await office.act(who, chat, "wrap-up", {"disposition": "solved"})
        row = of_queue(await metrics(office), "billing")
        assert (row["offered"], row["answered"], row["still_waiting"]) == (1, 1, 0)
        assert row["transfer_rate"] == 0.5

    async def test_the_time_of_who_is_only_asked_is_handling_but_no_handled_contact(
        self, office: Office
    ) -> None:
        await shift_of(office, "wang")
        chat = await consulted(office)
        await shift(office, "segment", started_at=50)
        await office.act("li", chat, "consult/return")
        report = await metrics(office)
        assert report["totals"]["occupancy"] > 0.4
        await office.act("li", chat, "end")
        await office.act("li", chat, "wrap-up", {"disposition": "solved"})
        assert of_queue(await metrics(office), "billing")["transfer_rate"] == 0


async def shift_of(office: Office, name: str) -> None:
    """They have been available for 100 s."""
    await TestAgents().available(office, name)
    await shift(office, "presence_span", started_at=100)


class TestAgents:
    async def test_occupancy_in_all_and_per_team(self, office: Office) -> None:
        await self.available(office, "li")
        await shift(office, "presence_span", started_at=100)
        await office.held("li")
        await shift(office, "segment", started_at=50)
        report = await metrics(office)
        assert 0.4 < report["totals"]["occupancy"] < 0.6
        assert 0.1 < report["totals"]["unit_occupancy"] < 0.2
        [support] = report["by_team"]
        assert (support["team"], support["agents"]["interacting"]) == ("support", 1)
        assert support["occupancy"] == report["totals"]["occupancy"]

    async def test_a_break_ends_the_stretch_of_being_available(self, office: Office) -> None:
        await self.available(office, "li")
        headers = office.tenant.bearer("li")
        wish = {"status": "break", "reason_code": "lunch"}
        await office.client.put("/v1/me/presence", json=wish, headers=headers)
        rows = await office.rows(
            "SELECT presence, reason, ended_at IS NULL FROM presence_span ORDER BY started_at"
        )
        assert rows == [("available", None, False), ("break", "lunch", True)]
        await office.client.put("/v1/me/presence", json={"status": "offline"}, headers=headers)
        assert await office.rows("SELECT 1 FROM presence_span WHERE ended_at IS NULL") == []

    async def test_a_supervisor_sees_their_queues_and_teams(self, office: Office) -> None:
        await office.set_agent("li", teams=["sales"], presence=Presence.AVAILABLE)
        await office.waiting(queue="sales")
        mine, all_ = await metrics(office, "han"), await metrics(office, "wang")
        assert [item["queue"] for item in mine["items"]] == ["billing"]
        assert (mine["totals"]["offered"], mine["totals"]["agents"]["signed_in"]) == (0, 0)
        assert (all_["totals"]["offered"], all_["totals"]["agents"]["signed_in"]) == (1, 1)
        assert {row["team"] for row in mine["by_team"]} == {"support"}

    async def available(self, office: Office, name: str) -> None:
        headers = office.tenant.bearer(name)
        await office.client.put("/v1/me/presence", json={"status": "available"}, headers=headers)


class TestClosure:
    async def test_one_that_has_run_out_is_over_everywhere(self, office: Office) -> None:
        headers = office.tenant.bearer("han")
        for until, closed in (("2999-01-01T00:00:00Z", True), ("2020-01-01T00:00:00Z", False)):
            wish = {"reason": "fire", "until": until}
            await office.client.put("/v1/queues/billing/closure", json=wish, headers=headers)
            assert bool(of_queue(await metrics(office), "billing")["closure"]) is closed
            found = await office.get("li", "/directory", q="billing")
            assert [item["closed"] for item in found["items"] if item["type"] == "queue"] == [closed]
