"""Files: kept exactly, named safely, given back so that no browser runs them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from app.container import Container
from app.files import clean_name, content_type_of
from models.attachment import Attachment
from models.touch import Touch
from tests.parts import SeededTenant

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def upload(
    client: httpx.AsyncClient, tenant: SeededTenant, content: bytes, name: str = "a.png", **headers: str
) -> httpx.Response:
    files = {"file": (name, content, "application/x-claimed")}
    return await client.post("/v1/attachments", files=files, headers={**tenant.bearer("li"), **headers})


async def fetch(client: httpx.AsyncClient, tenant: SeededTenant, id_: Any, who: str = "li") -> httpx.Response:
    return await client.get(f"/v1/attachments/{id_}", headers=tenant.bearer(who))


class TestUpload:
    async def test_an_image_comes_back_as_it_was(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        stored = await upload(client, acme, PNG, "图 片.png")
        assert stored.status_code == 201
        assert {k: v for k, v in stored.json().items() if k != "id"} == {
            "name": "图 片.png",
            "type": "image/png",
            "size": len(PNG),
        }
        answer = await fetch(client, acme, stored.json()["id"])
        assert answer.content == PNG and answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith("inline; filename*=UTF-8''%E5%9B%BE")

    @pytest.mark.parametrize("content", [HTML, SVG, b"\x00\x01\x02", b""])
    async def test_anything_else_is_saved_not_shown(
        self, client: httpx.AsyncClient, acme: SeededTenant, content: bytes
    ) -> None:
        stored = await upload(client, acme, content, "page.png")
        answer = await fetch(client, acme, stored.json()["id"])
        assert answer.content == content
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]

    async def test_too_large(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await upload(client, acme, bytes(25 * 1024 * 1024 + 1))
        assert answer.status_code == 413 and answer.json()["type"] == "/problems/too-large"

    async def test_no_multipart(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        answer = await client.post("/v1/attachments", content=b"x", headers=acme.bearer("li"))
        assert answer.status_code == 422

    async def test_the_same_upload_again(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        first = await upload(client, acme, PNG, **{"idempotency-key": "k"})
        again = await upload(client, acme, PNG, **{"idempotency-key": "k"})
        assert first.json() == again.json()
        other = await upload(client, acme, HTML, **{"idempotency-key": "k"})
        assert other.status_code == 422


class TestWhoMay:
    async def test_not_yet_sent_is_its_owners(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        stored = (await upload(client, acme, PNG)).json()
        assert (await fetch(client, acme, stored["id"], "han")).status_code == 404

    async def test_another_tenant(
        self, client: httpx.AsyncClient, acme: SeededTenant, other: SeededTenant
    ) -> None:
        stored = (await upload(client, acme, PNG)).json()
        assert (await fetch(client, other, stored["id"])).status_code == 404

    async def test_it_lies_sealed(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant
    ) -> None:
        await upload(client, acme, PNG)
        (path,) = [p for p in container.settings.blob_dir.rglob("*") if p.is_file()]
        assert PNG not in path.read_bytes()

    @pytest.mark.parametrize(("who", "status"), [("li", 403), ("han", 200)])
    async def test_the_recording_of_a_call(
        self, client: httpx.AsyncClient, container: Container, acme: SeededTenant, who: str, status: int
    ) -> None:
        stored = (await upload(client, acme, PNG, "recording-1.wav")).json()
        async with container.database.transaction(acme.id) as session:
            call = Touch(
                tenant_id=acme.id, at=datetime.now(UTC), direction="inbound", kind="call", channel="voice"
            )
            session.add(call)
            await session.flush()
            await session.execute(
                update(Attachment).where(Attachment.id == UUID(stored["id"])).values(touch_id=call.id)
            )
        answer = await fetch(client, acme, stored["id"], who)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\报告.pdf", "报告.pdf"),
        ("a\x00b\r\n.txt", "ab .txt"),
        ("fdp\u202e.exe", "fdp.exe"),
        ("", "file"),
        (None, "file"),
        ("...", "file"),
        ("nul.txt", "_nul.txt"),
        ("LPT1", "_LPT1"),
        ("null.txt", "null.txt"),
        ("4111 1111 1111 1111.txt", "1111.txt"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_names(given: str | None, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PNG, "a.txt", "image/png"),
        (b"a,b\n1,2\n", "table.csv", "text/csv"),
        (b"plain words", "page.html", "text/plain"),
        (b"\x00\x01\x02binary", "x.bin", "application/octet-stream"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.png", "image/svg+xml"),
        (b"%PDF-1.7\n...", "x", "application/pdf"),
    ],
)
def test_types(content: bytes, name: str, kind: str) -> None:
    assert content_type_of(content, name) == kind
