"""Odd, broken and torn mails: each is one touch or one dead letter, costs little, and stops nobody.

The corpus stands beside the repository; its siblings are mails of our own.
"""

import json
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.channels.email.mails import CAPTURED, parse
from tests.channels.email.mails import mail as written
from tests.intake.house import House

CPU_SECONDS = 2
ALIKE_AT_LEAST = 0.98
KEPT = "SELECT (SELECT count(*) FROM touch) + (SELECT count(*) FROM dead_letter)"
GARBAGE = bytes(range(256)) * 40


def _headers(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"


VARIANTS: Mapping[str, Callable[[bytes], bytes]] = {
    "as it is": lambda raw: raw,
    "a quarter": lambda raw: raw[: len(raw) // 4],
    "half": lambda raw: raw[: len(raw) // 2],
    "three quarters": lambda raw: raw[: len(raw) * 3 // 4],
    "headers only": _headers,
    "LF": lambda raw: raw.replace(b"\r\n", b"\n"),
    "CRLF": lambda raw: raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "garbage behind it": lambda raw: raw + GARBAGE,
}


def parser_cpu_seconds() -> float:
    """Of the parser processes that live."""
    workers = (c for c in psutil.Process().children() if "channels.email.worker" in " ".join(c.cmdline()))
    return sum(sum(worker.cpu_times()[:2]) for worker in workers)


async def kept_once_and_cheaply(house: House, mails: Mapping[str, bytes]) -> None:
    for name, raw in mails.items():
        await house.execute("DELETE FROM delivery_key")  # a tenant that has not seen it
        before, spent = await house.value(KEPT), parser_cpu_seconds()
        await house.feed(await house.mail(raw))
        assert await house.value(KEPT) == before + 1, name
        assert parser_cpu_seconds() - spent < CPU_SECONDS, name


@pytest.mark.timeout(600)
@pytest.mark.parametrize("variant", VARIANTS)
class TestEachMail:
    async def test_of_the_corpus(self, house: House, shared_data: Path, variant: str) -> None:
        files = sorted((shared_data / "mail").rglob("*.eml"))
        await kept_once_and_cheaply(house, {str(f): VARIANTS[variant](f.read_bytes()) for f in files})

    async def test_of_our_own(self, house: House, variant: str) -> None:
        files = sorted(CAPTURED.glob("*.eml"))
        await kept_once_and_cheaply(house, {f.name: VARIANTS[variant](f.read_bytes()) for f in files})


class TestWhatIsRead:
    def test_of_the_corpus_is_what_another_parser_reads(self, shared_data: Path) -> None:
        files = sorted((shared_data / "mail").rglob("*.eml"))
        unlike = [str(file) for file in files if not _alike(file)]
        assert len(unlike) <= (1 - ALIKE_AT_LEAST) * len(files), unlike

    def test_of_the_corpus_has_text_where_there_is_any(self, shared_data: Path) -> None:
        files = sorted((shared_data / "mail").rglob("*.eml"))
        assert not [f for f in files if _expected_text(_expected(f)) and not parse(f.read_bytes()).text]

    def test_of_a_header_with_a_blank_before_its_colon(self) -> None:
        found = parse(b"Subject : Hello\r\nFrom\t: Wang <wang@example.com>\r\n\r\nhi")
        assert (found.subject, found.sender and found.sender.address) == ("Hello", "wang@example.com")

    def test_of_a_sender_without_an_address_is_the_name(self) -> None:
        found = parse(written("From: The Moderator"))
        assert (found.sender, found.from_name) == (None, "The Moderator")


def _expected(file: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(file.with_suffix(".json").read_text())
    return parsed


def _alike(file: Path) -> bool:
    expected, found = _expected(file), parse(file.read_bytes())
    sender = found.sender
    name, address = _from(expected)
    ours = (sender.name, sender.address.lower()) if sender else (found.from_name, "")
    return _same(_subject(expected), found.subject) and _same(name, ours[0]) and address == ours[1]


def _same(expected: str, found: str) -> bool:
    """Blanks aside. Where the other parser gave a byte up (U+FFFD), any character is right."""
    left, right = " ".join(expected.split()), " ".join(found.split())
    return len(left) == len(right) and all(a in (b, "\ufffd") for a, b in zip(left, right, strict=True))


def _last(expected: dict[str, Any], header: str) -> Any:
    return next((h["value"] for h in reversed(expected["parts"][0]["headers"]) if h["name"] == header), None)


def _subject(expected: dict[str, Any]) -> str:
    value = _last(expected, "subject")
    return value["Text"] if isinstance(value, dict) else ""


def _from(expected: dict[str, Any]) -> tuple[str, str]:
    value = _last(expected, "from")
    address = value["Address"] if isinstance(value, dict) else {}
    mailboxes = address.get("List") or [m for group in address.get("Group", ()) for m in group["addresses"]]
    first = mailboxes[0] if mailboxes else {}
    return first.get("name") or "", (first.get("address") or "").lower()


def _expected_text(expected: dict[str, Any]) -> str:
    bodies = [expected["parts"][index].get("body") for index in expected["text_body"]]
    return "".join(_words(body) for body in bodies if isinstance(body, dict)).strip()


def _words(body: dict[str, Any]) -> str:
    if "Text" in body:
        return str(body["Text"])
    html = str(body.get("Html", ""))
    inside = html.partition("<body")[2] or html
    return unescape("".join(piece.partition(">")[2] for piece in f">{inside}".split("<"))).strip()
