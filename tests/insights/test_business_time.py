"""What mail and messaging take in business time: cases worked out by hand, then over HTTP from rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from insights.business_time import Measure, Said, Stretch, responses
from insights.figures import Entry, Facts, figures
from routing.calendar import Calendar
from tests.insights.test_metrics import metrics, of_queue
from tests.interactions.office import Office

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Calendar.parse("Asia/Shanghai", {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, {"2025-11-25": []})
HOUR = 3600


def at(text: str) -> datetime:
    """In November 2025; the 21st is a Friday, the 25th is closed."""
    return datetime.fromisoformat(f"2025-11-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


def stretch(start: str, end: str, hours: Calendar | None = OFFICE) -> Stretch:
    return Stretch(Measure.FIRST_RESPONSE, "billing", "email", "gold", at(start), at(end), hours)


class TestAStretch:
    @pytest.mark.parametrize(
        ("start", "end", "hours"),
        [
            ("21T10:00", "21T11:00", 1),
            ("21T11:00", "21T14:00", 2),
            ("21T17:00", "24T10:00", 2),
            ("22T10:00", "23T20:00", 0),
            ("24T17:00", "26T10:00", 2),
        ],
    )
    def test_counts_open_hours_only(self, start: str, end: str, hours: float) -> None:
        assert stretch(start, end).seconds == hours * HOUR

    def test_of_a_queue_without_hours_counts_all(self) -> None:
        assert stretch("21T17:00", "22T17:00", None).seconds == 24 * HOUR


class TestResponses:
    def test_from_the_first_message_not_answered_to_its_answer(self) -> None:
        said = [
            Said(at("21T09:00"), by_customer=True),
            Said(at("21T10:00"), by_customer=True),
            Said(at("21T11:00"), by_customer=False),
            Said(at("21T11:30"), by_customer=False),
            Said(at("21T14:00"), by_customer=True),
        ]
        assert list(responses(said)) == [(at("21T09:00"), at("21T11:00"))]
        said.append(Said(at("21T15:00"), by_customer=False))
        assert list(responses(said))[1:] == [(at("21T14:00"), at("21T15:00"))]


class TestFigures:
    def test_are_means_by_measure(self) -> None:
        taken = [stretch("21T10:00", "21T11:00"), stretch("21T17:00", "24T12:00")]
        taken.append(replace(taken[0], measure=Measure.PARKED))
        found = figures(Facts(stretches=taken), at("24T12:00"))
        assert (found["first_response_seconds"], found["parked_seconds"]) == (2.5 * HOUR, HOUR)
        assert found["response_seconds"] is found["resolution_seconds"] is None

    def test_the_service_level_runs_by_the_clock_of_its_channel(self) -> None:
        """From Friday 17:00 to Monday 10:00 are 65 hours, two of them open."""
        facts = (UUID(int=1), "billing", "email", "gold", "new", at("21T17:00"), at("24T10:00"), "answered")
        by_hours = Entry(*facts, 2 * HOUR, 5, hours=OFFICE)
        assert figures(Facts(entries=[by_hours]), at("24T12:00"))["service_level"] == 1
        by_the_wall = replace(by_hours, hours=None)
        assert figures(Facts(entries=[by_the_wall]), at("24T12:00"))["service_level"] == 0
        assert figures(Facts(entries=[by_hours]), at("24T12:00"))["asa_seconds"] == 65 * HOUR

    def test_who_still_waits_is_not_late_over_the_weekend(self) -> None:
        waits = Entry(
            UUID(int=1), "billing", "email", "gold", "new", at("21T17:00"), None, None, HOUR, 5, hours=OFFICE
        )
        sunday, monday = at("23T12:00"), at("24T09:00") + timedelta(microseconds=1)
        assert figures(Facts(entries=[waits]), sunday)["service_level_denominator"] == 0
        assert figures(Facts(entries=[waits]), monday)["service_level_denominator"] == 1


WEEK = {"window": "", "from": "2025-11-21T00:00:00Z", "to": "2025-11-28T00:00:00Z"}


class TestOverHttp:
    """A mail comes on Friday at 17:00, is answered on Monday at 10:00, parked from 11:00 to Wednesday at
    10:00 (Tuesday is a holiday), and closed at 11:00."""

    async def test_from_the_rows_of_a_mail(self, office: Office) -> None:
        await self.answered_and_closed(office)
        row = of_queue(await metrics(office, **WEEK), "billing")
        assert row["first_response_seconds"] == row["response_seconds"] == 2 * HOUR
        assert row["parked_seconds"] == (1 + 5 + 1) * HOUR
        assert row["resolution_seconds"] == (1 + 3 + 5 + 2) * HOUR
        assert row["service_level"] == 1

    async def test_by_the_wall_clock_where_the_queue_says_so(self, office: Office) -> None:
        await self.answered_and_closed(office, service_level_clock="wall")
        row = of_queue(await metrics(office, **WEEK), "billing")
        assert (row["service_level"], row["first_response_seconds"]) == (0, 2 * HOUR)

    async def test_another_queue_has_none(self, office: Office) -> None:
        await self.answered_and_closed(office)
        assert of_queue(await metrics(office, **WEEK), "sales")["first_response_seconds"] is None

    async def answered_and_closed(self, office: Office, **rules: Any) -> None:
        said = {"service_level_seconds": 2.0 * HOUR, **rules}
        await office.publish(hours="office", channels={"email": said})
        mail = await office.held("li", "email", version=3)
        await office.change(mail, lambda _, work: work.first_answer(), "li")
        await office.change(mail, lambda _, work: work.park(None), "li")
        await office.change(mail, lambda _, work: work.unpark(), "li")
        await office.change(mail, lambda _, work: work.close("agent", "closed"), "li")
        came, answered, parked, back, closed = (
            at("21T17:00"), at("24T10:00"), at("24T11:00"), at("26T10:00"), at("26T11:00")
        )  # fmt: skip
        await office.run(
            "UPDATE interaction SET created_at = :came, answered_at = :answered, ended_at = :closed",
            came=came, answered=answered, closed=closed,
        )  # fmt: skip
        for kind, start, end in (
            ("queue", came, answered),
            ("agent", answered, closed),
            ("parked", parked, back),
        ):
            await office.run(
                "UPDATE segment SET started_at = :start, ended_at = :end WHERE kind = :kind",
                start=start, end=end, kind=kind,
            )  # fmt: skip
        for direction, author, moment in (
            ("inbound", "customer", came),
            ("outbound", "system", came),
            ("outbound", "agent", answered),
        ):
            await self.said(office, mail, direction, author, moment)

    async def said(self, office: Office, mail: UUID, direction: str, author: str, moment: datetime) -> None:
        await office.run(
            "INSERT INTO touch (tenant_id, id, interaction_id, at, direction, kind, channel, text, payload, "
            "attachments, author, delivery_hops, version, created_at) "
            "SELECT tenant_id, gen_random_uuid(), id, :moment, :direction, 'message', channel, '', '{}', "
            "'[]', jsonb_build_object('type', CAST(:author AS text)), '[]', 1, :moment "
            "FROM interaction WHERE id = :mail",
            mail=mail, direction=direction, author=author, moment=moment,
        )  # fmt: skip
