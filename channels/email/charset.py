"""Bytes to text whatever a mail claims: the charsets that senders mean, not those they name."""

import codecs
import re
from base64 import b64decode
from binascii import a2b_qp
from typing import Final

from charset_normalizer import from_bytes

SAMPLE_BYTES: Final = 8_000
STATISTICS_BYTES: Final = 200

_BEYOND_ASCII: Final = bytes(range(0x80, 0x100))

_MEANT: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "x-gbk": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "unicode-1-1-utf-7": "utf-7",
    "cp-850": "cp850",
}
_NO_CHARSET: Final = frozenset(
    {"us-ascii", "ascii", "unknown-8bit", "x-unknown", "8bit", "binary", "default", "none", ""}
)
_NOT_OF_MAILS: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
_WORD: Final = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*+)\?=")


def decode_bytes(data: bytes, charset: str | None, fallback: str) -> str:
    """`data` as text: by the charset named if it fits, UTF-8, a guess, `fallback`. Never raises."""
    if data.isascii() and b"\x1b" not in data and charset is None:
        return data.decode()
    codec = codec_of(charset)
    for attempt in (codec, "utf-8"):
        if attempt is not None:
            text = _strictly(data, attempt)
            if text is not None:
                return text
    return data.decode(codec or _guess(data) or codec_of(fallback) or "utf-8", "replace")


def decode_header(value: str, fallback: str) -> str:
    """A raw header (surrogates stand for its 8-bit bytes) with its RFC 2047 words decoded."""
    pieces: list[str] = []
    charset, pending, end = "", b"", 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if pending and (between.strip() or word[1].lower() != charset):
            pieces.append(decode_bytes(pending, charset, fallback))
            pending = b""
        if between.strip() or not end:
            pieces.append(_plain(between, fallback))
        charset, pending, end = word[1].lower(), pending + _word_bytes(word[2], word[3]), word.end()
    return "".join([*pieces, decode_bytes(pending, charset, fallback), _plain(value[end:], fallback)])


def _plain(text: str, fallback: str) -> str:
    return text if text.isascii() else decode_bytes(text.encode("utf-8", "surrogateescape"), None, fallback)


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return a2b_qp(raw, header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return b64decode(letters + b"=" * (-len(letters) % 4))


def codec_of(charset: str | None) -> str | None:
    """The codec for a charset's name; None for none, an unknown, or one that no mail is written in."""
    name = (charset or "").strip().strip("\"'").lower()
    if name in _NO_CHARSET:
        return None
    try:
        info = codecs.lookup(_MEANT.get(name, name))
        "".encode(info.name)
    except (LookupError, ValueError):
        return None
    return None if info.name in _NOT_OF_MAILS else _MEANT.get(info.name, info.name)


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _guess(data: bytes) -> str | None:
    """Few bytes beyond ASCII are accents; of a long text the statistics tell; of a short one nothing does."""
    sample = data[:SAMPLE_BYTES]
    beyond_ascii = len(sample) - len(sample.translate(None, _BEYOND_ASCII))
    if 4 * beyond_ascii < len(sample):
        return "cp1252"
    if len(sample) < STATISTICS_BYTES:
        return None
    best = from_bytes(sample).best()
    return None if best is None else best.encoding
