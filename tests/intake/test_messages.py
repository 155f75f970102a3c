"""Chat messages: one touch each, one conversation, one customer."""

from tests.intake.house import House


class TestFirstMessage:
    async def test_opens_an_interaction_that_waits_in_the_endpoints_queue(self, house: House) -> None:
        visitor = await house.visitor()
        await house.feed(house.said(visitor, "你好，我想退款", name="Wang"))
        (row,) = await house.rows("SELECT * FROM interaction")
        assert (row["state"], row["queue"], row["channel"], row["tier"]) == (
            "queued",
            "billing",
            "chat",
            "standard",
        )
        assert row["preview"] == "你好，我想退款"
        (customer,) = await house.rows("SELECT * FROM customer")
        assert customer["name"] == "Wang"
        (touch,) = await house.rows("SELECT * FROM touch")
        assert touch["text"] == "你好，我想退款"
        assert touch["interaction_id"] == row["id"]

    async def test_is_told_on_activity_and_to_the_router(self, house: House) -> None:
        await house.feed(house.said(await house.visitor(), "hello"))
        types = {row["type"] for row in await house.rows("SELECT type FROM event_log")}
        assert types == {
            "touchpoint.interaction.changed.v1",
            "touchpoint.touch.created.v1",
            "touchpoint.work.changed.v1",
        }
