"""What a chat endpoint can be set to; nobody gets in through its webhook."""

import pytest

from app.errors import BadSignature
from channels.chat import ChatAdapter, ChatConfig
from tests.channels.wire import post

SHOP = ChatAdapter(ChatConfig(allowed_origins=("https://Shop.test", "http://localhost:5173/")))


class TestAllows:
    @pytest.mark.parametrize(
        "origin", ["https://shop.test", "HTTPS://SHOP.TEST", "http://localhost:5173", None]
    )
    def test_named(self, origin: str | None) -> None:
        assert SHOP.allows(origin)

    @pytest.mark.parametrize(
        "origin",
        [
            "http://shop.test",
            "https://shop.test.evil.test",
            "https://evil.test",
            "https://shop.test:8443",
            "null",
            "",
        ],
    )
    def test_others(self, origin: str) -> None:
        assert not SHOP.allows(origin)

    def test_every_page(self) -> None:
        assert ChatAdapter(ChatConfig()).allows("https://evil.test")


class TestWebhook:
    def test_turned_away(self) -> None:
        with pytest.raises(BadSignature):
            SHOP.verify(post(b"{}"))
        assert SHOP.parse(post(b"{}")) == ()
