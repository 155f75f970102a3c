"""Mails torn and bent at random, from fixed seeds: each is read or refused, and what is read is text."""

import random

import pytest

from channels.email.parsed import MailRefused
from tests.channels.email.mails import CAPTURED, parse

SEEDS = 20
ROUNDS = 40
TOKENS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"=?utf-8?q?",
    b"?=",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"--",
    b'"',
    b"\\",
    b"(",
    b"<",
    b";",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"charset*=utf-16''%ff",
    b"filename*0*=",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"message/delivery-status",
    b"text/html",
    b"\xc4\xe3",
    b"\x1b$B",
    b"charset=utf-7",
    b"Date: ",
]


def bent(raw: bytes, chance: random.Random) -> bytes:
    torn = bytearray(raw)
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(torn) + 1)
        if chance.random() < 0.6:
            torn[at:at] = chance.choice(TOKENS)
        else:
            del torn[at : at + chance.randint(1, 120)]
    return bytes(torn)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    mails = [file.read_bytes() for file in sorted(CAPTURED.glob("*.eml"))]
    for _ in range(ROUNDS):
        raw = bent(chance.choice(mails), chance)
        try:
            found = parse(raw)
        except MailRefused:
            continue
        as_json = found.model_dump_json(exclude={"attachments"})
        assert "\\u0000" not in as_json
        assert all(file.name.isprintable() for file in found.attachments)
