"""Blobs: sealed on disk, named by content, one tenant's never another's, swept when nothing names them."""

import hashlib
import os
import time
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import pytest

from app.blobs import BlobStore
from app.clock import new_id
from app.errors import NotFound

ALICE, BOB = new_id(), new_id()


class Mirror:
    """Seals by turning bytes round behind the tenant's id."""

    def seal(self, tenant_id: UUID, plain: bytes) -> bytes:
        return tenant_id.bytes + plain[::-1]

    def open(self, tenant_id: UUID, sealed: bytes) -> bytes:
        assert sealed[:16] == tenant_id.bytes
        return sealed[16:][::-1]


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", Mirror())


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def age(folder: Path, name: str, hours: float) -> None:
    [path] = folder.glob(f"blobs/*/*/{name}")
    os.utime(path, (time.time() - hours * 3600,) * 2)


class TestPut:
    async def test_the_name_is_the_hash_and_the_content_comes_back(self, blobs: BlobStore) -> None:
        name = await blobs.put(ALICE, b"\x00mail\xff")
        assert name == hashlib.sha256(b"\x00mail\xff").hexdigest()
        assert await blobs.get(ALICE, name) == b"\x00mail\xff"
        assert await blobs.exists(ALICE, name)

    async def test_what_lies_on_disk_is_sealed(self, blobs: BlobStore, tmp_path: Path) -> None:
        name = await blobs.put(ALICE, b"confidential")
        path = tmp_path / "blobs" / str(ALICE) / name[:2] / name
        assert path.read_bytes() == ALICE.bytes + b"laitnedifnoc"
        assert files(tmp_path) == [path]

    async def test_the_same_content_again_is_the_same_file(self, blobs: BlobStore, tmp_path: Path) -> None:
        names = {await blobs.put(ALICE, b"twice") for _ in range(2)}
        assert len(names) == 1 == len(files(tmp_path))


class TestGet:
    async def test_another_tenants_blob_is_not_found(self, blobs: BlobStore) -> None:
        name = await blobs.put(ALICE, b"mine")
        assert not await blobs.exists(BOB, name)
        with pytest.raises(NotFound):
            await blobs.get(BOB, name)

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
    async def test_what_is_no_name_is_not_found(self, blobs: BlobStore, name: str) -> None:
        with pytest.raises(NotFound):
            await blobs.get(ALICE, name)


class TestDeleteUnreferenced:
    async def test_old_and_unnamed_goes_the_rest_stays(self, blobs: BlobStore, tmp_path: Path) -> None:
        old, named, young = [await blobs.put(ALICE, content) for content in (b"old", b"named", b"young")]
        for name in (old, named):
            age(tmp_path, name, hours=25)

        async def referenced(tenant_id: UUID, names: Collection[str]) -> Collection[str]:
            assert (tenant_id, set(names)) == (ALICE, {old, named})
            return {named}

        assert await blobs.delete_unreferenced(referenced) == 1
        assert [await blobs.exists(ALICE, name) for name in (old, named, young)] == [False, True, True]

    async def test_what_is_put_again_is_young_again(self, blobs: BlobStore, tmp_path: Path) -> None:
        name = await blobs.put(ALICE, b"again")
        age(tmp_path, name, hours=25)

        async def put_meanwhile(tenant_id: UUID, names: Collection[str]) -> Collection[str]:
            await blobs.put(ALICE, b"again")
            return ()

        assert await blobs.delete_unreferenced(put_meanwhile) == 0
        assert await blobs.get(ALICE, name) == b"again"

    async def test_what_a_killed_process_left_half_goes(self, blobs: BlobStore, tmp_path: Path) -> None:
        name = await blobs.put(ALICE, b"whole")
        [path] = files(tmp_path)
        half = path.with_name("x.half")
        half.write_bytes(b"wh")
        age(tmp_path, "x.half", hours=25)

        async def all_named(tenant_id: UUID, names: Collection[str]) -> Collection[str]:
            return {name}

        assert await blobs.delete_unreferenced(all_named) == 1
        assert files(tmp_path) == [path]
