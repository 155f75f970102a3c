"""Replies, notes and the customer corrected, over HTTP."""

from typing import Any
from uuid import UUID

from app.clock import new_id
from app.events import Address
from tests.customers.desk import Office

EMAIL = Address(kind="email", value="wang@example.test")


async def reply(office: Office, interaction_id: Any, text: str = "Hello", **facts: Any) -> Any:
    body = {"text": text, "client_message_id": new_id().hex, **facts}
    if "version" not in body:
        body["version"] = await office.version(interaction_id)
    return await office.send("POST", f"/v1/interactions/{interaction_id}/messages", body)


class TestReply:
    async def test_goes_to_the_visitor_over_the_activity_stream(self, office: Office) -> None:
        visitor = await office.visitor()
        chat = await office.chats(visitor, "hi")
        await office.take(chat["id"])
        answer = await reply(office, chat["id"], "你好 <b>")
        assert answer.status_code == 202
        touch = answer.json()
        assert (touch["direction"], touch["text"], touch["delivery"]["state"]) == (
            "outbound",
            "你好 <b>",
            "pending",
        )
        assert touch["address"] == {"kind": "visitor", "value": str(visitor)}
        assert await office.rows("SELECT * FROM delivery") == []
        told = await office.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.created.v1'")
        assert str(visitor).encode() in told[-1]["data"]

    async def test_by_mail_waits_for_the_sender_and_answers_the_entry(self, office: Office) -> None:
        mail = await office.writes(EMAIL, "Where is it?")
        await office.execute("UPDATE interaction SET channel = 'email'")
        await office.take(mail["id"])
        answer = await reply(office, mail["id"], html="<p>On its way<script>x</script></p>", text="")
        assert answer.json()["html"] == "<p>On its way</p>"
        assert answer.json()["text"].strip() == "On its way"
        (delivery,) = await office.rows("SELECT * FROM delivery")
        assert (delivery["kind"], delivery["state"]) == ("message", "pending")
        (entry,) = await office.rows("SELECT outcome FROM segment WHERE kind = 'queue'")
        assert entry["outcome"] == "answered"

    async def test_twice_with_the_same_key_is_one_touch(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "hi")
        await office.take(chat["id"])
        version = await office.version(chat["id"])
        first = await reply(office, chat["id"], client_message_id="k", version=version)
        again = await reply(office, chat["id"], client_message_id="k", version=version)
        assert first.json()["id"] == again.json()["id"]
        for different in ({"text": "another"}, {"attachments": [str(new_id())]}):
            other = await reply(office, chat["id"], client_message_id="k", version=version, **different)
            assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")

    async def test_that_has_not_seen_the_last_message_is_refused_with_it(self, office: Office) -> None:
        visitor = await office.visitor()
        chat = await office.chats(visitor, "one")
        await office.take(chat["id"])
        seen = await office.version(chat["id"])
        await office.chats(visitor, "wait!")
        answer = await reply(office, chat["id"], version=seen)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stale")
        assert [touch["text"] for touch in answer.json()["missed"]] == ["wait!"]
        assert (await reply(office, chat["id"], version=answer.json()["version"])).status_code == 202

    async def test_after_ones_own_message_note_or_receipt_is_not_stale(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        await office.take(chat["id"])
        seen = await office.version(chat["id"])
        await reply(office, chat["id"], version=seen)
        await office.send("POST", f"/v1/interactions/{chat['id']}/notes", {"text": "nice"})
        assert (await reply(office, chat["id"], version=seen)).status_code == 202

    async def test_is_the_holders_alone(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        waiting = await reply(office, chat["id"])
        await office.take(chat["id"], "han")
        foreign = await reply(office, chat["id"])
        assert {waiting.json()["type"], foreign.json()["type"]} == {"/problems/illegal-transition"}

    async def test_to_an_unknown_or_another_tenants_interaction_is_404(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        body = {"text": "x", "client_message_id": "1", "version": 1}
        for id_, tenant in ((new_id(), office.acme), (chat["id"], office.other)):
            answer = await office.send("POST", f"/v1/interactions/{id_}/messages", body, tenant)
            assert answer.status_code == 404

    async def test_says_something(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        await office.take(chat["id"])
        assert (await reply(office, chat["id"], "  ")).status_code == 422

    async def test_carries_own_files_and_nobody_elses(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        await office.take(chat["id"])
        mine, theirs = await _upload(office, "li"), await _upload(office, "han")
        assert (await reply(office, chat["id"], attachments=[theirs])).status_code == 422
        answer = await reply(office, chat["id"], "", attachments=[mine])
        assert answer.json()["attachments"][0] == {
            "id": mine,
            "name": "a.txt",
            "type": "text/plain",
            "size": 2,
        }
        assert (await reply(office, chat["id"], attachments=[mine])).status_code == 422


class TestNote:
    async def test_is_internal_and_no_visitor_hears_of_it(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        answer = await office.send("POST", f"/v1/interactions/{chat['id']}/notes", {"text": "careful"})
        assert (answer.status_code, answer.json()["direction"], answer.json()["kind"]) == (
            201,
            "internal",
            "note",
        )
        told = await office.rows("SELECT data FROM event_log WHERE type = 'touchpoint.touch.created.v1'")
        assert b"visitor_id" not in told[-1]["data"]

    async def test_is_not_empty(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        answer = await office.send("POST", f"/v1/interactions/{chat['id']}/notes", {"text": ""})
        assert answer.status_code == 422


class TestTouches:
    async def test_are_listed_newest_first_page_by_page(self, office: Office) -> None:
        visitor = await office.visitor()
        for number in range(5):
            chat = await office.chats(visitor, f"message {number}")
        path = f"/v1/interactions/{chat['id']}/touches?limit=2"
        seen, cursor = [], ""
        while cursor is not None:
            page = (await office.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
            seen += [touch["text"] for touch in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [f"message {number}" for number in (4, 3, 2, 1, 0)]

    async def test_of_a_wrong_cursor_are_refused(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        for cursor in ("x", "%00", "MjAyNg", "é" * 300):
            answer = await office.get(f"/v1/interactions/{chat['id']}/touches?cursor={cursor}")
            assert answer.status_code in (400, 422)


class TestCorrectCustomer:
    async def test_moves_this_one_alone_and_is_undone_by_setting_it_back(self, office: Office) -> None:
        visitor = await office.visitor()
        chat = await office.chats(visitor, "it is me, Wang")
        wang = await office.customer("Wang", tier="platinum")
        path = f"/v1/interactions/{chat['id']}/customer"
        corrected = await office.send("PUT", path, {"customer_id": wang["id"]})
        assert corrected.status_code == 200
        assert (corrected.json()["customer"]["name"], corrected.json()["tier"]) == ("Wang", "platinum")
        assert await _texts(office, wang["id"]) == ["it is me, Wang"]
        assert await _texts(office, chat["customer_id"]) == []
        undone = await office.send("PUT", path, {"customer_id": None})
        assert undone.json()["customer"]["id"] == str(chat["customer_id"])
        assert undone.json()["tier"] == "standard"
        assert await _texts(office, chat["customer_id"]) == ["it is me, Wang"]

    async def test_makes_an_open_reply_stale(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        await office.take(chat["id"])
        seen = await office.version(chat["id"])
        wang = await office.customer("Wang")
        await office.send("PUT", f"/v1/interactions/{chat['id']}/customer", {"customer_id": wang["id"]})
        assert (await reply(office, chat["id"], version=seen)).status_code == 409

    async def test_to_nobody_that_there_is_not(self, office: Office) -> None:
        chat = await office.chats(await office.visitor(), "one")
        foreign = await office.send("POST", "/v1/customers", {"name": "Li"}, office.other)
        for id_ in (str(new_id()), foreign.json()["id"]):
            answer = await office.send("PUT", f"/v1/interactions/{chat['id']}/customer", {"customer_id": id_})
            assert answer.status_code == 422


async def _texts(office: Office, customer_id: UUID | str) -> list[str]:
    page = (await office.get(f"/v1/customers/{customer_id}/timeline")).json()
    return [touch["text"] for touch in page["items"]]


async def _upload(office: Office, who: str) -> str:
    answer = await office.client.post(
        "/v1/attachments", files={"file": ("a.txt", b"hi", "text/plain")}, headers=office.acme.bearer(who)
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
