"""Files of tenants: raw mails and attachments. Named by content, encrypted with the tenant's key, and on disk
before the event that names them is published."""

import asyncio
import hashlib
import os
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from app.clock import new_id
from app.errors import NotFound
from app.settings import Settings

UNREFERENCED_SECONDS: Final = 24 * 3600
SWEEP_MAX: Final = 500
_NAME: Final = re.compile(r"[0-9a-f]{64}")

Referenced = Callable[[UUID, Collection[str]], Awaitable[Collection[str]]]
"""Those of a tenant's names that something refers to."""


class Cipher(Protocol):
    """`app.security.Cipher`: raises for a tenant whose key it has not learnt."""

    def seal(self, tenant_id: UUID, plain: bytes) -> bytes: ...

    def open(self, tenant_id: UUID, sealed: bytes) -> bytes: ...


class BlobStore:
    """A folder: `<tenant>/<first two digits>/<sha256>`. Several processes may share it."""

    def __init__(self, folder: Path, cipher: Cipher) -> None:
        self._folder, self._cipher = folder, cipher

    async def put(self, tenant_id: UUID, content: bytes) -> str:
        """The sha256 of `content`, which is on disk when this returns. Raises OSError (disk full)."""
        return await asyncio.to_thread(self._put, tenant_id, content)

    async def get(self, tenant_id: UUID, sha256: str) -> bytes:
        """Raises NotFound."""
        return await asyncio.to_thread(self._get, tenant_id, sha256)

    async def exists(self, tenant_id: UUID, sha256: str) -> bool:
        return await asyncio.to_thread(self._path(tenant_id, sha256).is_file)

    async def delete_unreferenced(
        self, referenced: Referenced, *, older_seconds: float = UNREFERENCED_SECONDS
    ) -> int:
        """Delete what nothing refers to and nobody has put again for `older_seconds`; how many went."""
        deleted = 0
        for tenant_id, paths in await asyncio.to_thread(lambda: list(self._old(older_seconds))):
            kept = set(await referenced(tenant_id, [path.name for path in paths]))
            for path in paths:
                if path.name not in kept and await asyncio.to_thread(_delete_old, path, older_seconds):
                    deleted += 1
        return deleted

    def _put(self, tenant_id: UUID, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        path = self._path(tenant_id, name)
        try:
            os.utime(path)  # it is there: young again, so that no sweep takes it before it is referred to
        except FileNotFoundError:
            _write_durably(path, self._cipher.seal(tenant_id, content))
        _sync_folder(path.parent)
        return name

    def _get(self, tenant_id: UUID, sha256: str) -> bytes:
        try:
            return self._cipher.open(tenant_id, self._path(tenant_id, sha256).read_bytes())
        except FileNotFoundError:
            raise NotFound("There is no such file.") from None

    def _path(self, tenant_id: UUID, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise NotFound("There is no such file.")
        return self._folder / str(tenant_id) / sha256[:2] / sha256

    def _old(self, older_seconds: float) -> Iterator[tuple[UUID, list[Path]]]:
        """Per tenant, in pieces of at most SWEEP_MAX. What a killed process left half is among it."""
        for tenant in self._folder.glob("*"):
            found = [path for path in tenant.glob("*/*") if _is_older(path, older_seconds)]
            for start in range(0, len(found), SWEEP_MAX):
                yield UUID(tenant.name), found[start : start + SWEEP_MAX]


def open_blobs(settings: Settings, cipher: Cipher) -> BlobStore:
    return BlobStore(settings.blob_dir, cipher)


def _write_durably(path: Path, content: bytes) -> None:
    """Whole or not at all; the caller syncs the folder."""
    _make_folder(path.parent)
    half = path.with_name(f"{new_id()}.half")
    try:
        with half.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return path.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:
        return False


def _delete_old(path: Path, seconds: float) -> bool:
    """Looked at again: it may have been put once more while the references were read."""
    if not _is_older(path, seconds):
        return False
    path.unlink(missing_ok=True)
    return True
