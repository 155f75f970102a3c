"""Keys, sealing and passwords."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from app.access import AccessTokens, AgentPrincipal
from app.clock import SystemClock, new_id
from app.errors import CommandError, Unauthenticated
from app.security import CannotOpen, Cipher, InstallationKey, Passwords, UnknownTenantKey
from app.settings import Settings


class TestInstallationKey:
    def test_made_once_and_private(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)
        key = InstallationKey.load(settings).derive("x")
        assert InstallationKey.load(settings).derive("x") == key
        (file,) = settings.key_dir.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(settings.key_dir.stat().st_mode) == 0o700

    def test_two_processes_at_once_get_the_same(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)
        with ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda _: InstallationKey.load(settings).derive("x"), range(8)))
        assert len(set(keys)) == 1

    def test_from_the_environment(self, tmp_path: Path) -> None:
        given = base64.b64encode(bytes(32)).decode()
        settings = Settings(data_dir=tmp_path, installation_key=given)
        assert InstallationKey.load(settings).derive("x") == InstallationKey(bytes(32)).derive("x")
        assert given not in repr(settings) and not settings.key_dir.exists()

    @pytest.mark.parametrize("given", ["short", "***", base64.b64encode(bytes(16)).decode()])
    def test_unusable(self, tmp_path: Path, given: str) -> None:
        with pytest.raises(CommandError, match="TOUCHPOINT_INSTALLATION_KEY must hold 32 bytes"):
            InstallationKey.load(Settings(data_dir=tmp_path, installation_key=given))

    def test_each_purpose_has_its_own(self) -> None:
        key = InstallationKey(bytes(32))
        assert key.derive("a") != key.derive("b")


class TestCipher:
    def test_another_process_opens_what_was_sealed(self) -> None:
        key, tenant = InstallationKey(bytes(32)), new_id()
        here, there = Cipher(key), Cipher(key)
        there.learn(tenant, here.new_secret(tenant))
        assert there.open(tenant, here.seal(tenant, b"words")) == b"words"

    def test_never_the_same_twice(self) -> None:
        cipher, tenant = Cipher(InstallationKey(bytes(32))), new_id()
        cipher.new_secret(tenant)
        assert cipher.seal(tenant, b"x") != cipher.seal(tenant, b"x")

    def test_another_tenants_or_changed(self) -> None:
        cipher, tenant, other = Cipher(InstallationKey(bytes(32))), new_id(), new_id()
        cipher.new_secret(tenant), cipher.new_secret(other)
        sealed = cipher.seal(tenant, b"words")
        for wrong in (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", b"short", sealed[:12]):
            with pytest.raises(CannotOpen):
                cipher.open(tenant, wrong)
        with pytest.raises(CannotOpen):
            cipher.open(other, sealed)

    def test_another_installations_secret(self) -> None:
        tenant = new_id()
        secret = Cipher(InstallationKey(bytes(32))).new_secret(tenant)
        with pytest.raises(CannotOpen):
            Cipher(InstallationKey(b"1" * 32)).learn(tenant, secret)

    def test_not_learnt_yet(self) -> None:
        with pytest.raises(UnknownTenantKey):
            Cipher(InstallationKey(bytes(32))).seal(new_id(), b"x")


class TestPasswords:
    async def test_hash_and_verify(self) -> None:
        passwords = Passwords()
        try:
            hashed = await passwords.hash("密码")
            assert hashed.startswith("$argon2id$")
            assert await passwords.verify("密码", hashed)
            assert not await passwords.verify("other", hashed)
            assert not await passwords.verify("密码", None)
        finally:
            passwords.close()


class TestAccessTokens:
    def principal(self, seconds: float) -> AgentPrincipal:
        expires_at = SystemClock().now().replace(microsecond=0) + timedelta(seconds=seconds)
        return AgentPrincipal(new_id(), new_id(), "li@x.test", "李", ("agent",), new_id(), expires_at)

    def test_there_and_back(self) -> None:
        tokens, principal = AccessTokens(bytes(32), SystemClock()), self.principal(60)
        assert tokens.read(tokens.issue(principal)) == principal

    def test_ended(self) -> None:
        tokens = AccessTokens(bytes(32), SystemClock())
        with pytest.raises(Unauthenticated, match="ended"):
            tokens.read(tokens.issue(self.principal(-1)))

    def test_of_another_key(self) -> None:
        token = AccessTokens(b"1" * 32, SystemClock()).issue(self.principal(60))
        with pytest.raises(Unauthenticated):
            AccessTokens(bytes(32), SystemClock()).read(token)

    def test_unsigned(self) -> None:
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        body = AccessTokens(bytes(32), SystemClock()).issue(self.principal(60)).split(".")[1]
        with pytest.raises(Unauthenticated):
            AccessTokens(bytes(32), SystemClock()).read(f"{head}.{body}.")
