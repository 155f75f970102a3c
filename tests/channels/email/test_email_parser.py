"""The parser processes: what a bomb costs, and that it harms nobody else."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from channels.email.limits import MailLimits
from channels.email.parsed import MailRefused, ParsedMail
from channels.email.parser import MailParser
from channels.email.wire import READY, REQUEST
from tests.channels.email.mails import captured, mail
from tests.waiting import eventually

HEAD = b"From: a@b.test\r\nSubject: bomb\r\n"
RECIPIENTS = b",\r\n ".join(b'"N %d" <a%d@b.test>' % (number, number) for number in range(10_000))
BOMBS = {
    "semicolons in a type": HEAD + b"Content-Type: text/plain" + b";" * 40_000 + b"\r\n\r\nhi",
    "semicolons in a disposition": HEAD + b"Content-Disposition: x" + b";a=b" * 40_000 + b"\r\n\r\nhi",
    "semicolons in addresses": HEAD + b"To: " + b";" * 40_000 + b"\r\n\r\nhi",
    "parts": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 100_000,
    "depth": HEAD
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000)
    ),
    "messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
    "messages that part": HEAD
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\nContent-Type: message/rfc822\r\n\r\n"
        % (n, n)
        for n in range(1_000)
    ),
    "recipients": HEAD + b"To: " + RECIPIENTS + b"\r\n\r\nhi",
    "headers": HEAD + b"X: y\r\n" * 100_000 + b"\r\nhi",
    "folds": b"X: a\r\n" + b" y\r\n" * 500_000 + b"\r\nhi",
    "comments": b"From: " + b"(" * 50_000 + b"\r\n\r\nhi",
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nhi",
    "tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
    "wrong tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<font></b>" * 50_000,
    "blank lines": HEAD + b"\r\n" + b"\r\n" * 15_000,
}


@pytest.fixture(scope="module")
async def parser() -> AsyncIterator[MailParser]:
    async with MailParser(processes=1) as pool:
        yield pool


def processes() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "channels.email.worker" in " ".join(child.cmdline())
    ]


async def cpu_seconds(parser: MailParser, raw: bytes) -> tuple[float, ParsedMail | str]:
    """CPU of the one warm process that takes this mail, and what came of it."""
    await parser.parse(b"warm")
    (process,) = processes()
    before = process.cpu_times()
    try:
        outcome: ParsedMail | str = await parser.parse(raw)
    except MailRefused as refused:
        return 0.0, str(refused)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system, outcome


class TestParse:
    async def test_mail_with_attachments(self, parser: MailParser) -> None:
        found = await parser.parse(captured("related_images.eml"))
        assert [file.content for file in found.attachments] == [b"\x89PNG\r\n\x1a\n", b"%PDF-"]

    async def test_one_warm_process_serves_many(self, parser: MailParser) -> None:
        await parser.parse(b"first")
        (before,) = processes()
        subjects = [parser.parse(mail(f"Subject: {number}")) for number in range(20)]
        assert [found.subject for found in await asyncio.gather(*subjects)] == [str(n) for n in range(20)]
        assert processes() == [before]

    async def test_large_mail(self, parser: MailParser) -> None:
        body = b"Content-Transfer-Encoding: 8bit\r\nContent-Type: application/pdf\r\n\r\n" + b"x" * 20_000_000
        (file,) = (await parser.parse(HEAD + body)).attachments
        assert len(file.content) == 20_000_000

    async def test_fallback_charset(self, parser: MailParser) -> None:
        found = await parser.parse(b"Subject: x\r\n\r\n" + "書類".encode("cp932"), fallback_charset="cp932")
        assert found.text == "書類"

    async def test_secrets_stay_outside(self, parser: MailParser) -> None:
        await parser.parse(b"hi")
        (process,) = processes()
        assert set(process.environ()) <= {"PYTHONPATH", "PATH", "LANG", "LC_CTYPE"}

    def test_ends_without_a_word_when_the_service_was_killed(self) -> None:
        command = (sys.executable, "-m", "channels.email.worker")
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdin and process.stdout and process.stderr
            assert process.stdout.read(len(READY)) == READY
            process.stdout.close()
            options = json.dumps({"limits": MailLimits().as_dict(), "fallback_charset": "utf-8"}).encode()
            process.stdin.write(REQUEST.pack(len(options), 2) + options + b"hi")
            process.stdin.flush()
            assert process.wait(10) == -signal.SIGPIPE
            assert process.stderr.read() == b""


class TestBombs:
    @pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
    async def test_parsed_or_refused_within_two_seconds(self, parser: MailParser, raw: bytes) -> None:
        seconds, _ = await cpu_seconds(parser, raw)
        assert seconds < 2
        assert (await parser.parse(b"Subject: next\r\n\r\nhi")).subject == "next"

    async def test_too_much_cpu(self) -> None:
        async with MailParser(
            MailLimits(cpu_seconds=0.05, bytes_per_cpu_second=10**12), processes=1
        ) as parser:
            await parser.parse(b"warm")
            with pytest.raises(MailRefused, match="CPU"):
                await parser.parse(b"Subject: x\r\n\r\n" + b"On " * 6_000)
            assert (await parser.parse(b"Subject: next\r\n\r\n")).subject == "next"

    async def test_too_much_memory(self) -> None:
        async with MailParser(MailLimits(memory_bytes=200 * 1024 * 1024)) as parser:
            with pytest.raises(MailRefused):
                await parser.parse(HEAD + b"\r\n" + b"x\r\n" * 8_000_000)
            assert (await parser.parse(b"Subject: next\r\n\r\n")).subject == "next"

    async def test_too_large(self) -> None:
        async with MailParser(MailLimits(mail_bytes=10)) as parser:
            with pytest.raises(MailRefused, match="larger"):
                await parser.parse(b"x" * 11)

    async def test_too_long_by_the_clock(self) -> None:
        async with MailParser() as parser:
            await parser.parse(b"warm")
            with pytest.raises(MailRefused, match="longer"):
                await parser.parse(BOMBS["folds"], timeout_seconds=0.001)
            assert (await parser.parse(b"Subject: next\r\n\r\n")).subject == "next"

    async def test_neighbours_are_unharmed(self) -> None:
        async with MailParser(MailLimits(cpu_seconds=0.3), processes=2) as parser:
            bombs = [parser.parse(HEAD + b"\r\n" + b"On " * 6_000) for _ in range(2)]
            good = [parser.parse(mail(f"Subject: {number}")) for number in range(10)]
            results = await asyncio.gather(*bombs, *good, return_exceptions=True)
        assert [found.subject for found in results[2:] if isinstance(found, ParsedMail)] == [
            str(n) for n in range(10)
        ]


class TestProcesses:
    async def test_killed_by_somebody_else(self, parser: MailParser) -> None:
        await parser.parse(b"warm")
        (process,) = processes()
        os.kill(process.pid, signal.SIGKILL)
        assert (await parser.parse(b"Subject: again\r\n\r\n")).subject == "again"

    async def test_closed(self) -> None:
        before = len(processes())
        async with MailParser() as parser:
            await parser.parse(b"hi")
            assert len(processes()) == before + 1
        assert await eventually(lambda: len(processes()) == before)


def expected_head(file: Path) -> dict[str, Any]:
    """The corpus's own reading of a mail's headers by lower-case name, the first of each."""
    headers = json.loads(file.with_suffix(".json").read_text())["parts"][0]["headers"]
    found: dict[str, Any] = {}
    for header in headers:
        name = header["name"] if isinstance(header["name"], str) else next(iter(header["name"].values()))
        found.setdefault(name.lower(), header["value"])
    return found


def has_text(file: Path) -> bool:
    parsed = json.loads(file.with_suffix(".json").read_text())
    bodies = [parsed["parts"][index]["body"] for index in parsed["text_body"]]
    return any(str(body.get("Text") or body.get("Html") or "").strip() for body in bodies)


def sender_address(head: dict[str, Any]) -> str:
    value = head.get("from") or {}
    people = value.get("Address", {}).get("List", []) if isinstance(value, dict) else []
    return str(people[0].get("address") or "") if people else ""


class TestCorpus:
    async def test_every_mail(self, parser: MailParser, shared_data: Path) -> None:
        wrong: list[str] = []
        other_subject: list[str] = []
        files = sorted((shared_data / "mail").glob("*/*.eml"))
        for file in files:
            seconds, found = await cpu_seconds(parser, file.read_bytes())
            name = f"{file.parent.name}/{file.name}"
            if (
                not isinstance(found, ParsedMail)
                or seconds >= 2
                or (has_text(file) and not found.text.strip())
            ):
                wrong.append(name)
                continue
            head = expected_head(file)
            address = sender_address(head)
            if "@" in address and (found.sender is None or found.sender.address.lower() != address.lower()):
                wrong.append(name)
            subject = head["subject"].get("Text") if isinstance(head.get("subject"), dict) else None
            if subject is not None and "\ufffd" not in subject and subject.strip() != found.subject:
                other_subject.append(name)
        assert wrong == []
        assert len(other_subject) <= len(files) // 50, other_subject
