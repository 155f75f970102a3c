"""Pages, their headers, and what programs ask about a process."""

import gzip

import httpx
import pytest

from app.pages import STATIC, WIDGET
from tests.parts import SeededTenant

BROWSER = {"accept": "text/html,application/xhtml+xml"}


class TestHeaders:
    async def test_on_every_answer(self, client: httpx.AsyncClient) -> None:
        for path in ("/healthz", "/v1/me", "/nothing"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy and "unsafe-eval" not in policy
            assert "script-src" not in policy  # so it is 'self': no inline scripts


@pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the pages are not built")
class TestPages:
    @pytest.mark.parametrize("path", ["/", "/wallboard", "/demo/customer", "/some/page/of/the/desktop"])
    async def test_browsers_get_a_page(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path, headers=BROWSER)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"

    async def test_programs_get_none(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/some/page")).status_code == 404

    @pytest.mark.parametrize("path", ["/v1/x", "/static/x.js", "/static/%2e%2e/main.py", "/chat/x"])
    async def test_what_is_no_page(self, client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(path, headers=BROWSER)).status_code == 404


@pytest.mark.skipif(not (STATIC / WIDGET).is_file(), reason="the pages are not built")
class TestWidget:
    async def test_any_page_may_load_it(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/widget.js", headers={"origin": "https://shop.example"})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["access-control-allow-origin"] == "*"

    def test_is_small(self) -> None:
        assert len(gzip.compress((STATIC / WIDGET).read_bytes())) <= 35 * 1024


class TestOperation:
    async def test_alive_ready_and_counted(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok"}
        scraped = await client.get("/metrics")
        assert scraped.headers["content-type"].startswith("text/plain") and "python_gc" in scraped.text

    async def test_the_api_describes_itself(self, client: httpx.AsyncClient, acme: SeededTenant) -> None:
        document = (await client.get("/openapi.json")).json()
        assert document["info"]["title"] == "Touchpoint"
        assert "/v1/me" in document["paths"]
