"""Public addresses of single files, for platforms that fetch what we send: signed, good for some hours."""

import base64
import binascii
import hmac
import struct
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.clock import Clock

LASTS: Final = timedelta(hours=10)
"""As long as Twilio may keep a message in its queue."""

_ABOUT: Final = struct.Struct(">16s16sQ")
_CHARACTERS: Final = (_ABOUT.size + 32) * 4 // 3
"""With the proof 72 bytes, which base64 needs not fill up: nothing may stand behind them."""


class FileLinks:
    """`public_url` None: nobody outside reaches us, and there is no address."""

    def __init__(self, key: bytes, public_url: str | None, clock: Clock) -> None:
        self._key, self._clock = key, clock
        self._base = None if public_url is None else f"{public_url.rstrip('/')}/files/"

    def address(self, tenant_id: UUID, attachment_id: UUID) -> str | None:
        """From now on for `LASTS`."""
        if self._base is None:
            return None
        until = int((self._clock.now() + LASTS).timestamp())
        about = _ABOUT.pack(tenant_id.bytes, attachment_id.bytes, until)
        return self._base + base64.urlsafe_b64encode(about + self._proof(about)).decode()

    def read(self, token: str) -> tuple[UUID, UUID] | None:
        """(tenant, attachment); None for what we have not signed, or no longer stand by."""
        try:
            signed = base64.b64decode(token.encode(), b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        about, proof = signed[: _ABOUT.size], signed[_ABOUT.size :]
        if len(token) != _CHARACTERS or not hmac.compare_digest(proof, self._proof(about)):
            return None
        tenant_id, attachment_id, until = _ABOUT.unpack(about)
        if until < self._clock.now().timestamp():
            return None
        return UUID(bytes=tenant_id), UUID(bytes=attachment_id)

    def _proof(self, about: bytes) -> bytes:
        return hmac.new(self._key, about, sha256).digest()
