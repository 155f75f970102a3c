"""Whatever stands in the headers and parameters that prove a webhook's origin: refused, never a crash.

The matrix is generated: every proof of every platform, in every way that it can be missing, wrong or odd.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from app.errors import BadSignature
from channels import registry
from channels.base import WireRequest
from tests.channels.samples import Sample, samples

SEED = 7
WITHOUT_WEBHOOKS = {"ari", "chat", "email", "form"}
"""Nobody signs these: they are listened to, have doors of their own, or are open to everybody."""

SAMPLES = samples()
ODD = {
    "missing": None,
    "empty": "",
    "blank": " ",
    "a letter": "a",
    "only signs": "=,;v1,sha256=&t=",
    "a number": "-1",
    "a huge number": "9" * 4000,
    "a fraction": "1.5",
    "other digits": "١٧٦٣",
    "not ascii": "é",
    "beyond latin-1": "签名",
    "controls": "\x00\x1f\r\n",
    "huge": "a" * 100_000,
    "a surrogate": "\ud800",
}


def damaged(value: str) -> Iterator[tuple[str, str]]:
    """`value` with something changed, so that it proves nothing any more."""
    middle = len(value) // 2
    other = "0" if value[middle] != "0" else "1"
    yield "one letter changed", value[:middle] + other + value[middle + 1 :]
    yield "one letter less", value[:middle] + value[middle + 1 :]
    yield "one letter more", value[:middle] + "0" + value[middle:]
    yield "reversed", value[::-1]
    yield "twice", f"{value},{value}"
    yield "with NUL", value + "\x00"
    if value.swapcase() != value:
        yield "in the other case", value.swapcase()


def matrix() -> Iterator[tuple[str, str, str]]:
    for name, sample in SAMPLES.items():
        for proof in sample.proof:
            kinds = [*ODD, *(kind for kind, _ in damaged(said(sample.request, proof)))]
            yield from ((name, proof, kind) for kind in kinds)


def said(request: WireRequest, proof: str) -> str:
    return request.headers.get(proof) or dict(parse_qsl(urlsplit(request.url).query))[proof]


def with_proof(request: WireRequest, proof: str, value: str | None) -> WireRequest:
    """The request that says `value` there; None: nothing."""
    if proof in request.headers:
        headers = {name: text for name, text in request.headers.items() if name != proof}
        return replace(request, headers=headers if value is None else {**headers, proof: value})
    parts = urlsplit(request.url)
    query = [(name, text) for name, text in parse_qsl(parts.query) if name != proof]
    query += [] if value is None else [(proof, value)]
    return replace(request, url=urlunsplit(parts._replace(query=urlencode(query, errors="surrogatepass"))))


def test_every_adapter_with_a_webhook_is_here() -> None:
    assert {*SAMPLES} == {*registry.ADAPTERS} - WITHOUT_WEBHOOKS


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_untouched_it_is_taken(name: str) -> None:
    sample = SAMPLES[name]
    sample.adapter.verify(sample.request)
    assert sample.adapter.parse(sample.request)


@pytest.mark.parametrize(("name", "proof", "kind"), list(matrix()))
def test_refused(name: str, proof: str, kind: str) -> None:
    sample = SAMPLES[name]
    value = ODD[kind] if kind in ODD else dict(damaged(said(sample.request, proof)))[kind]
    with pytest.raises(BadSignature):
        sample.adapter.verify(with_proof(sample.request, proof, value))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_another_body_is_refused(name: str) -> None:
    """WeChat and WeCom sign what is encrypted in it, the others every byte."""
    sample = SAMPLES[name]
    body = sample.request.body
    for changed in (b"", body.replace(b"1", b"2"), b"\xff" + body):
        with pytest.raises(BadSignature):
            sample.adapter.verify(replace(sample.request, body=changed))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_noise_is_refused(name: str) -> None:
    chance = random.Random(SEED)
    for _ in range(300):
        with pytest.raises(BadSignature):
            SAMPLES[name].adapter.verify(noisy(SAMPLES[name], chance))


def noisy(sample: Sample, chance: random.Random) -> WireRequest:
    """Every proof is any text; printed if a test fails."""
    request = sample.request
    for proof in sample.proof:
        text = "".join(
            chr(chance.choice((chance.randrange(128), chance.randrange(0x2000)))) for _ in range(60)
        )
        request = with_proof(request, proof, text[: chance.randrange(60)])
    return request
