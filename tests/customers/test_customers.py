"""Customers over HTTP: profiles, addresses, search in Chinese and English, and the screen pop's context."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.clock import new_id
from app.events import Address
from app.text import clean_line
from tests.customers.desk import Office

PHONE = Address(kind="phone", value="+8613900001111")


async def names(office: Office, query: str, **more: Any) -> list[str]:
    answer = await office.get(f"/v1/customers?{query}", **more)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


class TestCreate:
    async def test_gives_the_profile_with_addresses_in_one_form(self, office: Office) -> None:
        made = await office.customer("王芳", ("phone", "+86 139 0000 1111"), ("email", "Wang@Example.TEST"))
        fetched = (await office.get(f"/v1/customers/{made['id']}")).json()
        assert fetched == made
        assert [(a["kind"], a["value"]) for a in made["addresses"]] == [
            ("phone", "+8613900001111"),
            ("email", "Wang@example.test"),
        ]
        assert made["version"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": ""},
            {"name": " \n"},
            {"name": "x" * 201},
            {"name": "Wang", "tier": "diamond"},
            {"name": "Wang", "addresses": [{"kind": "email", "value": "nobody"}]},
            {"name": "Wang", "addresses": [{"kind": "phone", "value": "++"}]},
            {"name": "Wang", "addresses": [{"kind": "anonymous", "value": "x"}]},
            {"name": "Wang", "attributes": []},
        ],
    )
    async def test_refuses(self, office: Office, body: dict[str, Any]) -> None:
        assert (await office.send("POST", "/v1/customers", body)).status_code == 422

    async def test_keeps_names_that_break_programs(self, office: Office, shared_data: Path) -> None:
        strings: list[str] = json.loads((shared_data / "naughty_strings.json").read_text())
        for name in [text for text in strings if clean_line(text) and len(text) <= 200][::5]:
            made = await office.customer(name)
            assert made["name"] == clean_line(name)

    async def test_keeps_odd_names_exactly(self, office: Office) -> None:
        for name in ("Ω≈ç√∫˜µ", "'; DROP TABLE customer; --", "​", "ﬁ", "Zalgo͞"):
            assert (await office.customer(name))["name"] == clean_line(name)


class TestChange:
    async def test_what_is_given_and_nothing_else(self, office: Office) -> None:
        made = await office.customer("Wang", segment="retail")
        path = f"/v1/customers/{made['id']}"
        changed = await office.send("PATCH", path, {"name": "Wang Fang", "version": 1})
        assert (changed.json()["name"], changed.json()["segment"], changed.json()["version"]) == (
            "Wang Fang",
            "retail",
            2,
        )
        assert await names(office, "q=fang") == ["Wang Fang"]

    async def test_with_an_old_version_is_refused(self, office: Office) -> None:
        made = await office.customer("Wang")
        path = f"/v1/customers/{made['id']}"
        await office.send("PATCH", path, {"name": "Wang Fang"})
        stale = await office.send("PATCH", path, {"name": "Wang Wei", "version": 1})
        assert (stale.status_code, stale.json()["version"]) == (409, 2)

    async def test_of_the_tier_counts_at_once_for_what_waits(self, office: Office) -> None:
        waiting = await office.writes(PHONE, "hello")
        await office.send("PATCH", f"/v1/customers/{waiting['customer_id']}", {"tier": "platinum"})
        (row,) = await office.rows("SELECT tier, version FROM interaction")
        assert row == {"tier": "platinum", "version": 2}


class TestAddresses:
    async def test_linked_brings_its_touches_and_unlinked_takes_them_along(self, office: Office) -> None:
        await office.writes(PHONE, "hello")
        first = (await office.rows("SELECT id FROM customer"))[0]["id"]
        address_id = (await office.rows("SELECT id FROM address"))[0]["id"]
        wang = await office.customer("Wang")
        gone = await office.send("DELETE", f"/v1/customers/{first}/addresses/{address_id}")
        assert gone.json()["addresses"] == []
        body = {"kind": "phone", "value": PHONE.value}
        linked = await office.send("POST", f"/v1/customers/{wang['id']}/addresses", body)
        assert linked.status_code == 201
        assert linked.json()["addresses"][0]["id"] == str(address_id)
        page = (await office.get(f"/v1/customers/{wang['id']}/timeline")).json()
        assert [touch["text"] for touch in page["items"]] == ["hello"]

    async def test_that_are_not_theirs_cannot_be_unlinked(self, office: Office) -> None:
        wang = await office.customer("Wang")
        answer = await office.send("DELETE", f"/v1/customers/{wang['id']}/addresses/{new_id()}")
        assert answer.status_code == 404


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("王", ["王芳"]),
            ("王芳", ["王芳"]),
            ("芳", ["王芳"]),
            ("芳王", ["王芳"]),
            ("fang", ["Fang Wang"]),
            ("wang f", ["Fang Wang"]),
            ("ang", ["Fang Wang"]),
            ("13900001111", ["王芳"]),
            ("0001", ["王芳"]),
            ("李", []),
            ("'\\:*&|!()", []),
            ("%", []),
        ],
    )
    async def test_by_words_letters_and_numbers(self, office: Office, query: str, found: list[str]) -> None:
        await office.customer("王芳", ("phone", "+8613900001111"))
        await office.customer("Fang Wang", ("email", "f@example.test"))
        answer = await office.client.get(
            "/v1/customers", params={"q": query}, headers=office.acme.bearer("li")
        )
        assert [item["name"] for item in answer.json()["items"]] == found

    async def test_by_any_address_as_people_write_it(self, office: Office) -> None:
        await office.customer("Wang", ("phone", "+8613900001111"), ("email", "wang@example.test"))
        assert await names(office, "address=%2B86-139-0000-1111") == ["Wang"]
        assert await names(office, "address=wang@EXAMPLE.test") == ["Wang"]
        assert await names(office, "address=nobody@example.test") == []

    async def test_by_tier_and_page_by_page(self, office: Office) -> None:
        for number in range(5):
            await office.customer(f"Customer {number}", tier="platinum" if number % 2 else "standard")
        assert await names(office, "tier=platinum") == ["Customer 3", "Customer 1"]
        first = (await office.get("/v1/customers?q=customer&limit=3")).json()
        second = await names(office, f"q=customer&limit=3&cursor={first['next_cursor']}")
        assert [item["name"] for item in first["items"]] + second == [
            f"Customer {n}" for n in (4, 3, 2, 1, 0)
        ]

    async def test_never_finds_another_tenants(self, office: Office) -> None:
        wang = await office.customer("Wang", ("phone", PHONE.value))
        for query in ("q=wang", "q=0001111", "address=%2B8613900001111", ""):
            assert await names(office, query, tenant=office.other) == []
        for path in ("", "/timeline", "/context"):
            answer = await office.get(f"/v1/customers/{wang['id']}{path}", tenant=office.other)
            assert answer.status_code == 404


class TestContext:
    async def test_is_all_that_a_screen_pop_needs(self, office: Office) -> None:
        await office.writes(PHONE, "one")
        await office.writes(PHONE, "two")
        customer = (await office.rows("SELECT id FROM customer"))[0]["id"]
        context = (await office.get(f"/v1/customers/{customer}/context")).json()
        assert context["profile"]["addresses"][0]["value"] == PHONE.value
        assert [item["state"] for item in context["open_interactions"]] == ["queued"]
        assert [touch["text"] for touch in context["last_touches"]] == ["two", "one"]
        assert context["preferred_channel"] == "chat"
