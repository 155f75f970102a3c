"""Who a visitor is by the word of the site."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from app.events import Address
from channels.chat import BadIdentity, ChatAdapter, ChatConfig, IdentityExpired
from channels.registry import config_problems

SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
LATER = NOW.timestamp() + 60
SITE = ChatAdapter(ChatConfig.model_validate({"identity_secret": SECRET}))


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), [algorithm])


class TestByToken:
    def test_what_the_site_knows(self) -> None:
        claims = {
            "sub": "u-17",
            "exp": LATER,
            "name": "王芳",
            "email": "wang@Example.com",
            "phone": "+14155550100",
        }
        who = SITE.by_token(signed(claims), NOW)
        assert (who.external_id, who.name) == ("u-17", "王芳")
        assert who.addresses() == (
            Address(kind="external", value="u-17"),
            Address(kind="email", value="wang@example.com"),
            Address(kind="phone", value="+14155550100"),
        )

    def test_addresses_that_reach_nobody_are_left_out(self) -> None:
        who = SITE.by_token(signed({"sub": "u-17", "exp": LATER, "email": "nobody", "phone": "-"}), NOW)
        assert who.addresses() == (Address(kind="external", value="u-17"),)

    def test_expired(self) -> None:
        with pytest.raises(IdentityExpired) as expired:
            SITE.by_token(signed({"sub": "u-17", "exp": NOW.timestamp()}), NOW)
        assert expired.value.who.external_id == "u-17"

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "a.b.c",
            "a",
            "é.é.é",
            signed({"sub": "u-17", "exp": LATER}, "another secret of thirty-two letters"),
            signed({"sub": "u-17", "exp": LATER}, algorithm="HS512"),
            signed({"sub": "u-17", "exp": LATER})[:-3],
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1LTE3IiwiZXhwIjo5OTk5OTk5OTk5fQ.",
        ],
        ids=["empty", "letters", "one part", "not ascii", "another secret", "HS512", "cut", "unsigned"],
    )
    def test_forged(self, token: str) -> None:
        with pytest.raises(BadIdentity, match="no token that was signed"):
            SITE.by_token(token, NOW)

    @pytest.mark.parametrize(
        ("claims", "named"),
        [
            ({"exp": LATER}, "external_id"),
            ({"sub": 17, "exp": LATER}, "external_id"),
            ({"sub": " ", "exp": LATER}, "external_id"),
            ({"sub": "u-17"}, "exp"),
            ({"sub": "u-17", "exp": True}, "exp"),
            ({"sub": "u-17", "exp": "soon"}, "exp"),
            ({"sub": "u-17", "exp": LATER, "email": ["a@b.test"]}, "email"),
        ],
    )
    def test_claims_that_say_nothing(self, claims: dict[str, Any], named: str) -> None:
        with pytest.raises(BadIdentity, match=named):
            SITE.by_token(signed(claims), NOW)


class TestBySignature:
    def test_of_the_id(self) -> None:
        signature = hmac.new(SECRET.encode(), "用户-17".encode(), hashlib.sha256).hexdigest()
        assert SITE.by_signature("用户-17", signature.upper()).external_id == "用户-17"

    @pytest.mark.parametrize("signature", ["", "00", "é", "0" * 64])
    def test_forged(self, signature: str) -> None:
        with pytest.raises(BadIdentity):
            SITE.by_signature("u-17", signature)


class TestWithoutSecret:
    def test_nobody_is_believed(self) -> None:
        with pytest.raises(BadIdentity, match="no identity_secret"):
            ChatAdapter(ChatConfig()).by_token(signed({"sub": "u-17", "exp": LATER}), NOW)

    def test_a_short_one_is_refused(self) -> None:
        assert config_problems("chat", {"identity_secret": "short"}) == [
            ("/identity_secret", "at least 32 characters")
        ]
