"""Only what Twilio's own package signs, in both versions, may pass; all that is malformed is refused."""

import json
from dataclasses import replace
from itertools import product

import pytest
from twilio.request_validator import RequestValidator

from app.errors import BadSignature
from channels.base import WireRequest
from channels.twilio import signature
from channels.twilio.signature import HEADER, SETTINGS_HEADER, Keys
from tests.channels.twilio.wire import SHARED_KEY, TOKEN, URL, signed

KEYS = Keys([TOKEN.encode(), b"the one before"], [SHARED_KEY.encode()])
# The example of Twilio's documentation, "Validating requests".
DOCUMENTED = {
    "Digits": "1234",
    "To": "+18005551212",
    "From": "+14158675309",
    "Caller": "+14158675309",
    "CallSid": "CA1234567890ABCDE",
}
FIELDS = {**DOCUMENTED, "Body": "你好 & = + % 😀", "Empty": ""}
SIGNATURES = ["", " ", "=", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", "a" * 10_000, "é", "\ud800", "v1,abc", "\x00"]
SETTINGS = [
    "",
    "algorithm=",
    "algorithm=HMAC_MD5",
    "algorithm",
    ",,,",
    "key=x",
    "=HMAC_SHA256",
    "algorithm=hmac",
    "\ud800",
]
URLS = [
    URL,
    f"{URL}?bodySHA256=",
    f"{URL}?bodySHA256=é",
    "https://[::1",
    "https://x:99999/",
    "//",
    "",
    "?" * 50,
]
BODIES = [b"", b"a=b", b"\xff", b"a=%ff", b"%00=%", b"&" * 1000, b"{}", b"=" * 100]


def refused(request: WireRequest, keys: Keys = KEYS) -> None:
    with pytest.raises(BadSignature):
        signature.verify(keys, request)


class TestFits:
    def test_documented_example(self) -> None:
        request = WireRequest(
            "POST",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {HEADER: "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
            b"Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE",
        )
        signature.verify(Keys([b"12345"]), request)

    @pytest.mark.parametrize("query", ["", "on=status", "call=CA1&consent=", "%E4%BD%A0=1"])
    @pytest.mark.parametrize("shared_key", [None, SHARED_KEY])
    def test_both_versions(self, query: str, shared_key: str | None) -> None:
        signature.verify(KEYS, signed(FIELDS, query, shared_key=shared_key))

    def test_the_token_before_while_it_is_changed(self) -> None:
        signature.verify(KEYS, signed(FIELDS, token="the one before"))

    def test_an_address_with_the_port_that_is_understood(self) -> None:
        proof = RequestValidator(TOKEN).compute_signature("https://mycompany.com:443/webhooks/1", FIELDS)
        request = signed(FIELDS)
        signature.verify(KEYS, replace(request, headers={**request.headers, HEADER: proof}))

    def test_json_by_its_hash(self) -> None:
        body = json.dumps({"a": "é"})
        url = f"{URL}?bodySHA256={RequestValidator(TOKEN).compute_hash(body)}"
        headers = {
            "content-type": "application/json",
            HEADER: RequestValidator(TOKEN).compute_signature(url, {}),
        }
        request = WireRequest("POST", url, headers, body.encode())
        signature.verify(KEYS, request)
        refused(replace(request, body=b'{"a": "e"}'))

    def test_ours_is_theirs(self) -> None:
        pairs = tuple(FIELDS.items())
        assert signature.sign(b"k", URL, pairs) == RequestValidator("k").compute_signature(URL, FIELDS)


class TestRefused:
    def test_another_token(self) -> None:
        refused(signed(FIELDS, token="another"))

    def test_a_field_more_or_less(self) -> None:
        request = signed(FIELDS)
        refused(replace(request, body=request.body + b"&More=1"))
        refused(replace(request, body=request.body.partition(b"&")[2]))

    def test_another_address(self) -> None:
        refused(replace(signed(FIELDS), url=URL + "?on=status"))

    def test_the_auth_token_does_not_prove_what_a_rule_signs(self) -> None:
        request = signed(FIELDS)
        settings = "key=k,algorithm=HMAC_SHA1"
        refused(replace(request, headers={**request.headers, SETTINGS_HEADER: settings}))

    def test_no_shared_key_is_set_up(self) -> None:
        refused(signed(FIELDS, shared_key=SHARED_KEY), Keys([TOKEN.encode()]))

    def test_json_that_nothing_covers(self) -> None:
        request = signed({})
        refused(replace(request, headers={**request.headers, "content-type": "application/json"}, body=b"{}"))

    def test_every_malformed_header(self) -> None:
        """Each mixed with each: refused, whatever they are."""
        for given, settings, url, body in product(SIGNATURES, [None, *SETTINGS], URLS, BODIES):
            headers = {HEADER: given} if settings is None else {HEADER: given, SETTINGS_HEADER: settings}
            refused(WireRequest("POST", url, headers, body))
