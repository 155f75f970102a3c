"""Who may knock: the signature over the raw bytes, and Meta's check of the address."""

import hmac

import pytest

from app.errors import BadSignature
from channels.base import WireRequest
from tests.channels.whatsapp.build import APP_SECRET, adapter, captured, signature, signed
from tests.channels.wire import post

BODY = captured("text")
GOOD = signature(BODY)
BAD = {
    "none": None,
    "empty": "",
    "no digest": "sha256=",
    "no prefix": GOOD.removeprefix("sha256="),
    "old hash": "sha1=" + hmac.new(APP_SECRET.encode(), BODY, "sha1").hexdigest(),
    "named otherwise": GOOD.replace("sha256", "sha512"),
    "upper case": GOOD.upper(),
    "cut": GOOD[:-1],
    "longer": GOOD + "0",
    "blank before": " " + GOOD,
    "blank after": GOOD + " ",
    "twice": f"{GOOD},{GOOD}",
    "another secret": signature(BODY, "not it"),
    "another body": signature(BODY + b" "),
    "no hex": "sha256=" + "zz" * 32,
    "not ascii": "sha256=é" + GOOD[8:],
    "beyond latin": "sha256=名" + GOOD[8:],
    "huge": "sha256=" + "a" * 100_000,
    "base64": "sha256=K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
    "control": GOOD[:20] + "\x00" + GOOD[21:],
}
QUERY = "hub.mode=subscribe&hub.verify_token=a%20word%20of%20ours&hub.challenge=1158201444"
REFUSED = [
    "",
    "hub.mode=subscribe",
    QUERY.replace("ours", "theirs"),
    QUERY.replace("subscribe", "unsubscribe"),
    QUERY.replace("1158201444", ""),
    QUERY.replace("1158201444", "9" * 1001),
    QUERY.replace("a%20word%20of%20ours", "%FF%00"),
    "&".join(["hub.verify_token=a"] * 500),
]


def get(query: str) -> WireRequest:
    return WireRequest("GET", f"https://desk.test/webhooks/1?{query}", {}, b"")


class TestVerify:
    def test_signed(self) -> None:
        adapter().verify(signed(BODY))

    @pytest.mark.parametrize("said", BAD.values(), ids=BAD.keys())
    def test_malformed_or_wrong(self, said: str | None) -> None:
        with pytest.raises(BadSignature):
            adapter().verify(post(BODY, {} if said is None else {"x-hub-signature-256": said}))

    def test_the_old_header_is_no_proof(self) -> None:
        old = {"x-hub-signature": "sha1=" + hmac.new(APP_SECRET.encode(), BODY, "sha1").hexdigest()}
        with pytest.raises(BadSignature):
            adapter().verify(post(BODY, old))


class TestChallenge:
    def test_is_given_back_as_plain_text(self) -> None:
        answer = adapter().challenge(get(QUERY))
        assert (answer.status, answer.body) == (200, b"1158201444")
        assert answer.headers["content-type"].startswith("text/plain")

    @pytest.mark.parametrize("query", REFUSED)
    def test_refused(self, query: str) -> None:
        with pytest.raises(BadSignature):
            adapter().challenge(get(query))
