"""Identity numbers: masked wherever they are shown, and shown to who may see them, with a reason."""

from random import Random
from typing import Any
from uuid import UUID

import pytest

from app.access import AgentPrincipal
from app.clock import new_id
from app.events import Address, CallIncoming, MessageReceived
from tests.customers.desk import Office
from tests.safety.numbers import resident

NUMBER = "11010119900307109X"
MASKED = "110101********109X"
WANG = Address(kind="email", value="wang@example.test")


async def touches(office: Office) -> list[dict[str, Any]]:
    return await office.rows("SELECT * FROM touch ORDER BY at, id")


async def reveal(
    office: Office, touch_id: Any, who: str = "wang", reason: str = "asked for by the customer"
) -> Any:
    path, headers = f"/v1/touches/{touch_id}/reveal", office.acme.bearer(who)
    return await office.client.post(path, json={"reason": reason}, headers=headers)


async def rule(office: Office, policy: str, kind: str = "cn_resident") -> None:
    """As `apply` sets it for every endpoint."""
    await office.execute(
        "UPDATE endpoint SET identity_numbers = :policy, identity_number_kinds = ARRAY[:kind], "
        "version = version + 1",
        policy=policy,
        kind=kind,
    )
    await office.container.endpoints.refresh()


@pytest.fixture
async def told(office: Office) -> UUID:
    """The touch of a customer who wrote their number."""
    await office.writes(WANG, f"我的身份证号是{NUMBER}")
    (touch,) = await touches(office)
    return UUID(str(touch["id"]))


class TestACustomersNumber:
    async def test_is_masked_on_the_timeline_in_lists_and_in_the_log(
        self, office: Office, told: UUID
    ) -> None:
        (touch,), (work,) = await touches(office), await office.rows("SELECT * FROM interaction")
        assert touch["text"] == f"我的身份证号是{MASKED}" and MASKED in work["preview"]
        listed = await office.get(f"/v1/interactions/{work['id']}/touches")
        assert listed.json()["items"][0]["sealed_numbers"] == 1
        kept = await office.rows(
            "SELECT t::text FROM touch t UNION ALL SELECT convert_from(data, 'UTF8') FROM event_log"
        )
        assert NUMBER not in str(kept) and touch["sealed_numbers"][0] not in str(kept[1:])

    async def test_is_found_by_what_is_left_of_the_text(self, office: Office, told: UUID) -> None:
        (touch,) = await touches(office)
        assert NUMBER.lower() not in touch["search"] and "19900307" not in touch["search"]

    async def test_keyed_before_a_call_is_masked_too(self, office: Office) -> None:
        call = CallIncoming(conversation="c1", external_id="e1", collected_digits="110101199003071233")
        await office.takes_in(call, "hotline")
        (touch,) = await touches(office)
        assert touch["payload"]["collected_digits"] == "110101********1233"
        assert (await reveal(office, touch["id"])).json()["items"][0]["number"] == "110101199003071233"

    async def test_in_two_messages_is_masked_and_can_be_revealed_whole(self, office: Office) -> None:
        for piece in ("身份证 110101", "19900307109X，谢谢"):
            await office.writes(WANG, piece)
        first, second = await touches(office)
        assert (first["text"], second["text"]) == ("身份证 110101", "********109X，谢谢")
        assert (await reveal(office, first["id"])).status_code == 404
        revealed = (await reveal(office, second["id"])).json()["items"]
        assert revealed == [{"masked": MASKED, "number": NUMBER}]

    @pytest.mark.parametrize(("policy", "left"), [("mask", "********109X"), ("keep", "19900307109X")])
    async def test_in_two_messages_is_kept_as_the_endpoint_says(
        self, office: Office, policy: str, left: str
    ) -> None:
        await rule(office, policy)
        for piece in ("110101", "19900307109X"):
            await office.writes(WANG, piece)
        _, second = await touches(office)
        assert (second["text"], second["sealed_numbers"]) == (left, None)

    async def test_of_before_1999_is_revealed_too(self, office: Office) -> None:
        await office.writes(WANG, "老身份证110101900307123")
        (touch,) = await touches(office)
        assert touch["text"] == "老身份证110101******123"
        revealed = (await reveal(office, touch["id"])).json()["items"]
        assert revealed == [{"masked": "110101******123", "number": "110101900307123"}]

    async def test_twice_without_an_id_is_one_touch(self, office: Office) -> None:
        event = MessageReceived(address=WANG, text=NUMBER, occurred_at=office.container.clock.now())
        await office.takes_in(event)
        await office.takes_in(event)
        assert len(await touches(office)) == 1


class TestReveal:
    async def test_shows_the_numbers_and_says_so_in_the_audit(self, office: Office, told: UUID) -> None:
        answer = await reveal(office, told)
        assert answer.json() == {"items": [{"masked": MASKED, "number": NUMBER}]}
        (act,) = (await office.get("/v1/audit", "wang")).json()["items"]
        assert (act["action"], act["entity"]) == ("reveal_identity_numbers", f"touch/{told}")
        assert act["actor"] == f"agent/{office.acme.agents['wang'].id}"
        assert act["details"]["reason"] == "asked for by the customer" and act["details"]["count"] == 1

    async def test_needs_the_permission(self, office: Office, told: UUID) -> None:
        for who in ("li", "han"):
            assert (await reveal(office, told, who)).status_code == 403
        office.acme.tokens["reader"] = _token(office, "agent", "identity_reader")
        assert (await reveal(office, told, "reader")).status_code == 200
        assert await office.rows("SELECT actor FROM audit") == [
            {"actor": f"agent/{office.acme.agents['li'].id}"}
        ]

    async def test_needs_a_reason(self, office: Office, told: UUID) -> None:
        for reason in ("", " \n"):
            refused = await reveal(office, told, reason=reason)
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
        assert await office.rows("SELECT * FROM audit") == []

    async def test_keeps_no_number_in_the_reason(self, office: Office, told: UUID) -> None:
        await reveal(office, told, reason=f"is it {NUMBER}?")
        (act,) = await office.rows("SELECT details FROM audit")
        assert act["details"]["reason"] == f"is it {MASKED}?"

    async def test_of_a_touch_without_any_is_404(self, office: Office) -> None:
        await office.writes(WANG, "order 8812")
        (touch,) = await touches(office)
        assert (await reveal(office, touch["id"])).status_code == 404
        assert (await reveal(office, new_id())).status_code == 404

    async def test_of_a_list_shows_the_first_fifty(self, office: Office) -> None:
        await office.writes(WANG, " ".join(_residents(60)))
        (touch,) = await touches(office)
        assert len((await reveal(office, touch["id"])).json()["items"]) == 50
        assert touch["text"].count("********") == 60


class TestWhatWeWrite:
    async def test_leaves_masked_and_can_be_revealed(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "hi")
        await office.take(chat["id"])
        version = await office.version(chat["id"])
        body = {"text": f"Is it {NUMBER}?", "client_message_id": "k", "version": version}
        path = f"/v1/interactions/{chat['id']}/messages"
        first, again = await office.send("POST", path, body), await office.send("POST", path, body)
        assert first.json()["text"] == f"Is it {MASKED}?" and again.json()["id"] == first.json()["id"]
        assert (await reveal(office, first.json()["id"])).json()["items"][0]["number"] == NUMBER

    async def test_in_a_note_or_a_task_too(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "hi")
        note = await office.send("POST", f"/v1/interactions/{chat['id']}/notes", {"text": NUMBER})
        assert (note.json()["text"], note.json()["sealed_numbers"]) == (MASKED, 1)
        task = await office.send(
            "POST", "/v1/tasks", {"queue": "billing", "title": f"Check {NUMBER}", "text": f"It is {NUMBER}."}
        )
        assert task.json()["subject"] == f"Check {MASKED}"
        assert NUMBER not in str(await touches(office)) + str(await office.rows("SELECT * FROM interaction"))


class TestThePolicyOfAnEndpoint:
    async def test_keep_leaves_them(self, office: Office) -> None:
        await rule(office, "keep")
        await office.writes(WANG, NUMBER)
        (touch,) = await touches(office)
        assert (touch["text"], touch["sealed_numbers"]) == (NUMBER, None)

    async def test_mask_keeps_nothing_to_reveal(self, office: Office) -> None:
        await rule(office, "mask")
        await office.writes(WANG, NUMBER)
        (touch,) = await touches(office)
        assert (touch["text"], touch["sealed_numbers"]) == (MASKED, None)
        assert (await reveal(office, touch["id"])).status_code == 404

    async def test_names_the_kinds(self, office: Office) -> None:
        await office.writes(WANG, "219-45-6789")
        await rule(office, "encrypt", "us_ssn")
        await office.writes(WANG, "219-45-6789")
        assert [touch["text"] for touch in await touches(office)] == ["219-45-6789", "***-**-6789"]


def _token(office: Office, *roles: str) -> str:
    li, now = office.acme.agents["li"], office.container.clock.now()
    principal = AgentPrincipal(
        tenant_id=office.acme.id,
        id=li.id,
        email=li.email,
        name=li.name,
        roles=roles,
        session_id=new_id(),
        expires_at=now.replace(year=now.year + 1),
    )
    return office.container.tokens.issue(principal)


def _residents(count: int) -> list[str]:
    random = Random(count)
    return [resident(random) for _ in range(count)]
