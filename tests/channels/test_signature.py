"""Standard Webhooks: the official client signs, ours verifies; everything malformed is BadSignature."""

import json
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from app.errors import BadSignature
from channels import signature
from channels.base import WireRequest
from tests.channels.wire import NOW, OTHER_SECRET, SECRET, signed

KEY, OTHER_KEY = signature.secret_key(SECRET), signature.secret_key(OTHER_SECRET)
BODY = {"type": "call.ended", "text": "再见"}
GOOD = dict(signed(BODY).headers)
VALUE = GOOD["webhook-signature"]

MALFORMED = {
    "no headers": dict.fromkeys(("webhook-id", "webhook-timestamp", "webhook-signature")),
    "no id": {"webhook-id": None},
    "empty id": {"webhook-id": ""},
    "long id": {"webhook-id": "x" * 5000},
    "id with control": {"webhook-id": "msg\x001"},
    "id not ascii": {"webhook-id": "消息"},
    "other id": {"webhook-id": "msg_2"},
    "no timestamp": {"webhook-timestamp": None},
    "empty timestamp": {"webhook-timestamp": ""},
    "timestamp a word": {"webhook-timestamp": "now"},
    "timestamp a float": {"webhook-timestamp": "1732269600.5"},
    "timestamp negative": {"webhook-timestamp": "-1"},
    "timestamp huge": {"webhook-timestamp": "9" * 400},
    "timestamp superscript": {"webhook-timestamp": "²"},
    "timestamp with blank": {"webhook-timestamp": f" {GOOD['webhook-timestamp']}"},
    "timestamp moved": {"webhook-timestamp": str(int(GOOD["webhook-timestamp"]) + 1)},
    "no signature": {"webhook-signature": None},
    "empty signature": {"webhook-signature": ""},
    "no version": {"webhook-signature": VALUE.partition(",")[2]},
    "no comma": {"webhook-signature": VALUE.replace(",", "")},
    "version only": {"webhook-signature": "v1"},
    "version and comma": {"webhook-signature": "v1,"},
    "other version": {"webhook-signature": VALUE.replace("v1", "v1a")},
    "not base64": {"webhook-signature": "v1,!!!!"},
    "base64 cut": {"webhook-signature": VALUE[:-1]},
    "signature cut": {"webhook-signature": VALUE[:10]},
    "signature not ascii": {"webhook-signature": "v1,签名"},
    "surrogates": {"webhook-signature": "v1,\udcff\udc00"},
    "thousands of signatures": {"webhook-signature": " ".join(["v1,AAAA"] * 5000)},
    "hidden behind many": {"webhook-signature": " ".join([*["v1,AAAA"] * 50, VALUE])},
}


def request(**changes: str | None) -> WireRequest:
    headers = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return WireRequest("POST", "/", headers, json.dumps(BODY).encode(), received_at=NOW)


def check(request: WireRequest, *keys: bytes) -> str:
    return signature.verify(keys or (KEY,), request.headers, request.body, request.received_at)


class TestVerify:
    def test_official_client(self) -> None:
        assert check(signed(BODY)) == "msg_1"

    @pytest.mark.parametrize("changes", MALFORMED.values(), ids=MALFORMED.keys())
    def test_malformed_header(self, changes: dict[str, str | None]) -> None:
        with pytest.raises(BadSignature):
            check(request(**changes))

    def test_one_of_several_signatures(self) -> None:
        assert check(request(**{"webhook-signature": f"v1a,zzz v1,AAAA nonsense {VALUE}"}))

    def test_secret_in_rotation(self) -> None:
        assert check(signed(BODY), OTHER_KEY, KEY)

    def test_secret_of_another(self) -> None:
        with pytest.raises(BadSignature):
            check(signed(BODY, secret=OTHER_SECRET))

    def test_signature_of_another_body(self) -> None:
        stolen = WireRequest("POST", "/", GOOD, b'{"type":"call.ended","text":"x"}', received_at=NOW)
        with pytest.raises(BadSignature):
            check(stolen)

    def test_without_a_secret(self) -> None:
        with pytest.raises(BadSignature):
            signature.verify((), GOOD, json.dumps(BODY).encode(), NOW)

    def test_without_a_clock(self) -> None:
        with pytest.raises(BadSignature):
            signature.verify((KEY,), GOOD, json.dumps(BODY).encode(), None)

    @pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
    def test_within_five_minutes(self, seconds: int) -> None:
        assert check(signed(BODY, at=NOW + timedelta(seconds=seconds)))

    @pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
    def test_expired_or_from_the_future(self, seconds: int) -> None:
        with pytest.raises(BadSignature):
            check(signed(BODY, at=NOW + timedelta(seconds=seconds)))

    def test_body_that_is_no_text(self) -> None:
        body = b"\xff\xfe\x00"
        headers = signature.sign(KEY, "msg_1", NOW, body)
        assert signature.verify((KEY,), headers, body, NOW) == "msg_1"


class TestSign:
    def test_official_verifier_accepts(self) -> None:
        from datetime import UTC, datetime

        body = '{"command":"call.hold"}'
        headers = signature.sign(KEY, "cmd_1", datetime.now(UTC), body.encode())
        assert Webhook(SECRET).verify(body, headers) == {"command": "call.hold"}


class TestSecretKey:
    def test_with_and_without_prefix(self) -> None:
        assert signature.secret_key(SECRET) == signature.secret_key(SECRET.removeprefix("whsec_"))

    @pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "whsec_密", "not base64 at all"])
    def test_refused(self, secret: str) -> None:
        with pytest.raises(ValueError):
            signature.secret_key(secret)
