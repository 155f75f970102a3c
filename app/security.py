"""Keys, sealing, password hashes and random tokens. Losing the installation's key makes secrets, blobs and
sessions unreadable; nothing here is ever logged."""

import asyncio
import base64
import binascii
import hashlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pwdlib import PasswordHash

from app.errors import CommandError
from app.settings import Settings

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEY_FILE: Final = "installation.key"
PASSWORD_MAX_CHARACTERS: Final = 1000


class CannotOpen(Exception):
    """Sealed bytes were changed, or sealed with another key."""


class UnknownTenantKey(Exception):
    """This process has not learnt the tenant's key (yet): try again once its set-up is read."""


class InstallationKey:
    """The root of all keys: from it one key per purpose is derived, so that none opens another's door."""

    def __init__(self, root: bytes) -> None:
        self._root = root

    @classmethod
    def load(cls, settings: Settings) -> "InstallationKey":
        """From the setting (base64), else from `key_dir`, where the first process makes it (mode 0600)."""
        if settings.installation_key:
            return cls(_decoded(settings.installation_key, "TOUCHPOINT_INSTALLATION_KEY"))
        path = settings.key_dir / KEY_FILE
        if not path.exists():
            _create(path)
        return cls(_decoded(path.read_text(), str(path)))

    def derive(self, purpose: str) -> bytes:
        """32 bytes for `purpose` alone."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"touchpoint {purpose}".encode()).derive(self._root)


def _decoded(text: str, where: str) -> bytes:
    try:
        root = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        root = b""
    if len(root) != KEY_BYTES:
        raise CommandError(f"{where} must hold {KEY_BYTES} bytes in base64: openssl rand -base64 {KEY_BYTES}")
    return root


def _create(path: Path) -> None:
    """Whole or not at all, and only once: two processes may start together."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path.with_name(f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(own)
    except FileExistsError:
        return
    finally:
        own.unlink()


class SealingKey:
    """Seals bytes (AES-256-GCM), each for the id that it belongs to: it does not open for another."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)

    def seal(self, owner: UUID, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._key.encrypt(nonce, plain, owner.bytes)

    def open(self, owner: UUID, sealed: bytes) -> bytes:
        """Raises CannotOpen."""
        try:
            return self._key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes)
        except (InvalidTag, ValueError):
            raise CannotOpen("sealed with another key, or changed since") from None


class Cipher:
    """Seals bytes with a tenant's own data key, which is itself sealed with the installation's.

    A process learns the keys of its tenants from their rows (`app.endpoints` does); `seal` and `open` need no
    database. `reply_secret` signs reply tokens of mailboxes that have no secret of their own.
    """

    def __init__(self, key: InstallationKey) -> None:
        self._root = SealingKey(key.derive("tenant secrets"))
        self.reply_secret = key.derive("mail reply tokens").hex()
        self._tenants: dict[UUID, SealingKey] = {}

    def new_secret(self, tenant_id: UUID) -> bytes:
        """A fresh data key, sealed, for `tenant.secret`; learnt at once."""
        data_key = secrets.token_bytes(KEY_BYTES)
        self._tenants[tenant_id] = SealingKey(data_key)
        return self._root.seal(tenant_id, data_key)

    def learn(self, tenant_id: UUID, secret: bytes) -> None:
        """Take `tenant.secret`. Raises CannotOpen when it belongs to another installation's key."""
        self._tenants[tenant_id] = SealingKey(self._root.open(tenant_id, secret))

    def knows(self, tenant_id: UUID) -> bool:
        return tenant_id in self._tenants

    def seal(self, tenant_id: UUID, plain: bytes) -> bytes:
        """Raises UnknownTenantKey."""
        return self._of(tenant_id).seal(tenant_id, plain)

    def open(self, tenant_id: UUID, sealed: bytes) -> bytes:
        """Raises UnknownTenantKey, CannotOpen."""
        return self._of(tenant_id).open(tenant_id, sealed)

    def _of(self, tenant_id: UUID) -> SealingKey:
        try:
            return self._tenants[tenant_id]
        except KeyError:
            raise UnknownTenantKey(str(tenant_id)) from None


class Passwords:
    """Argon2id in a small thread pool of its own: a hash takes some 150 ms of CPU and 64 MB."""

    def __init__(self, threads: int = 2) -> None:
        self._hasher = PasswordHash.recommended()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        return await asyncio.wrap_future(self._pool.submit(self._hasher.hash, password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether it fits. Without a hash it takes as long and is False: nobody learns who exists."""
        if password_hash is None:
            await self.hash(password)
            return False
        return await asyncio.wrap_future(self._pool.submit(self._hasher.verify, password, password_hash))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def new_token(prefix: str = "") -> str:
    """256 random bits, safe in URLs and cookies."""
    return prefix + secrets.token_urlsafe(KEY_BYTES)


def token_hash(token: str) -> str:
    """What is stored of a random token: a leaked table signs nobody in."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
