"""A conversation by text messages in both directions, with everything that Twilio may do to it."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.running import Desktop
from tests.twilio.conftest import Office
from tests.waiting import eventually

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 10


async def touches(desk: Desktop, x: str) -> list[dict[str, Any]]:
    items = (await desk.client.http.get(f"/v1/interactions/{x}/touches")).json()["items"]
    return sorted(items, key=lambda touch: str(touch["at"]))


async def reply(desk: Desktop, x: str, text: str, key: str, **more: Any) -> str:
    """The touch's id."""
    version = (await desk.interaction(x))["version"]
    body = {"text": text, "client_message_id": key, "version": version, **more}
    answer = await desk.client.post(f"/v1/interactions/{x}/messages", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def states(desk: Desktop, x: str, ids: Sequence[str], wanted: str, seconds: float = 30) -> None:
    async def all_there() -> bool:
        found = {touch["id"]: (touch["delivery"] or {}).get("state") for touch in await touches(desk, x)}
        return all(found.get(touch_id) == wanted for touch_id in ids)

    await eventually(all_there, seconds=seconds)


async def given_to(office: Office, sender: str, queue: str) -> str:
    """The work of what this customer wrote, moved to that queue."""
    line = office.service.lane()
    async with line.desktop(email="boss@acme.test", available=False) as boss:

        async def found() -> str | None:
            items = (await boss.client.http.get("/v1/interactions?limit=200")).json()["items"]
            return next((x["id"] for x in items if sender in str(x)), None)

        x = str(await eventually(found))
        answer = await boss.client.post(f"/v1/interactions/{x}/reassign", {"queue": queue})
        assert answer.status_code == 200, answer.text
        return x


class TestConversation:
    async def test_both_ways_through_duplicates_429s_and_an_outage(self, office: Office) -> None:
        line = office.service.lane()
        sender, faults, messages = f"+1415556{line.number:04}", office.twilio.faults, office.twilio.messages
        faults.copies, faults.shuffle, faults.seed = 3, 0.3, 11
        try:
            messages.write(sender, "is it there?")
            x = await given_to(office, sender, line.queue)
            async with line.desktop() as desk:
                offer = await desk.offer(x)
                await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
                faults.too_many = 2
                one = await reply(desk, x, "yes 是的", "k1")
                await states(desk, x, [one], "delivered")
                faults.down = True
                two, three = await reply(desk, x, "and you?", "k2"), await reply(desk, x, "hello?", "k3")
                faults.down = False
                await states(desk, x, [two, three], "delivered")
                sent = [message.body for message in messages.all if message.to == sender]
                assert sent == ["yes 是的", "and you?", "hello?"], f"seed {faults.seed}"
                inbound = [t["text"] for t in await touches(desk, x) if t["direction"] == "inbound"]
                assert inbound == ["is it there?"]
        finally:
            faults.copies, faults.shuffle, faults.down, faults.too_many = 1, 0.0, False, 0

    async def test_pictures_opt_out_and_a_message_that_does_not_arrive(self, office: Office) -> None:
        line = office.service.lane()
        sender, messages = f"+1415557{line.number:04}", office.twilio.messages
        messages.write(sender, "look", media=1)
        x = await given_to(office, sender, line.queue)
        async with line.desktop() as desk:
            offer = await desk.offer(x)
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")

            async def picture() -> bool:
                (touch,) = [t for t in await touches(desk, x) if t["direction"] == "inbound"]
                return bool(touch["attachments"][0].get("id"))

            await eventually(picture)
            messages.fate[sender] = [("sent", ""), ("undelivered", "30003")]
            lost = await reply(desk, x, "nice", "k1")
            await states(desk, x, [lost], "failed")
            messages.write(sender, "STOP")

            async def stopped() -> bool:
                return any(t["payload"].get("opt_out") == "STOP" for t in await touches(desk, x))

            await eventually(stopped)
            refused = await reply(desk, x, "why?", "k2")
            await states(desk, x, [refused], "failed")
            told = next(t for t in await touches(desk, x) if t["id"] == refused)
            assert "opted out" in str(told["delivery"])


class TestFiles:
    async def test_twilio_fetches_them_from_us(self, office: Office) -> None:
        line = office.service.lane()
        sender, messages = f"+1415558{line.number:04}", office.twilio.messages
        messages.write(sender, "what does it look like?")
        x = await given_to(office, sender, line.queue)
        async with line.desktop() as desk:
            offer = await desk.offer(x)
            await desk.client.post(f"/v1/offers/{offer['offer_id']}/accept")
            picture, page = (
                await upload(desk, "a.png", PNG),
                await upload(desk, "a.html", b"<script>1</script>"),
            )
            sent = await reply(desk, x, "like this", "k1", attachments=[picture])
            await states(desk, x, [sent], "delivered")
            (taken,) = [message for message in messages.all if message.to == sender]
            (url,) = taken.media_urls
            async with httpx.AsyncClient(trust_env=False) as twilio:
                for got in (await twilio.head(url), await twilio.get(url)):
                    assert (got.status_code, got.headers["content-type"]) == (200, "image/png")
                assert got.content == PNG
                for other in (
                    url[:-1] + ("A" if url[-1] != "A" else "B"),
                    f"{url}A",
                    url[:-4],
                    f"{url[:40]}é",
                ):
                    assert (await twilio.get(other)).status_code == 404, other
            refused = await reply(desk, x, "", "k2", attachments=[page])
            await states(desk, x, [refused], "failed")


async def upload(desk: Desktop, name: str, content: bytes) -> str:
    answer = await desk.client.http.post("/v1/attachments", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
