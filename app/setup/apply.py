"""`touchpoint apply`: make a tenant as SETUP.yaml says, in one transaction, whether it is served or not."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import typer
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bus.outbox import append
from app.clock import new_id
from app.database import API_ROLE, Database
from app.errors import CommandError
from app.events import PolicyPublished
from app.notifications import SETUP_CHANGED
from app.security import CannotOpen, Cipher, InstallationKey, Passwords
from app.settings import Settings
from app.setup import model
from app.setup.difference import differences
from app.setup.document import Setup, SetupError, load
from app.setup.rows import Changes, Reconciliation
from app.setup.service import published_policy
from channels import registry
from models.agent import Agent
from models.endpoint import Endpoint
from models.policy import Policy
from models.tenant import Tenant

DOORS: Final = {"chat": "/chat", "form": "/forms", "ari": None, "email": None}
"""Where an endpoint is reached, if not by webhook. None: we listen to it, or it has a server of its own."""

_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext(:name))")


@dataclass(frozen=True, slots=True)
class Applied:
    """`endpoints`: id and path (None: nobody calls it) by key, as `--json` prints them."""

    tenant_id: UUID
    changes: Changes
    endpoints: dict[str, dict[str, Any]]


class _DryRun(Exception):
    """Rolls the transaction back once the difference is known."""


async def run(settings: Settings, setup_path: Path, dry_run: bool, as_json: bool) -> int:
    """The command. Raises CommandError with every reason when the file is refused."""
    try:
        setup = load(setup_path, os.environ)
        _check_endpoints(setup)
    except SetupError as error:
        raise CommandError(str(error)) from None
    for warning in setup.warnings:
        typer.echo(f"{setup_path}:{warning.line}: {warning.pointer}: {warning.message}", err=True)
    applied = await apply(settings, setup, dry_run)
    typer.echo(_printed(applied, dry_run, as_json))
    return 0


async def apply(settings: Settings, setup: Setup, dry_run: bool = False) -> Applied:
    """Bring the tenant's rows in line with `setup`, publish its policy if that changed, and tell everybody.
    Passwords are hashed before the transaction; one that fits its hash already is left alone."""
    assert settings.database_url is not None, "the caller has found or started the database"
    database, passwords = Database(settings.database_url, API_ROLE, pool_size=2), Passwords()
    try:
        applier = _Applier(database, Cipher(InstallationKey.load(settings)), passwords, setup)
        return await applier.run(dry_run)
    finally:
        passwords.close()
        await database.close()


class _Applier:
    def __init__(self, database: Database, cipher: Cipher, passwords: Passwords, setup: Setup) -> None:
        self._database, self._cipher, self._passwords, self._setup = database, cipher, passwords, setup
        self._document = setup.document

    async def run(self, dry_run: bool) -> Applied:
        if self._document.tenant is None:
            raise CommandError(f"{self._setup.path}:1: /tenant: is missing")
        tenant_id = await self._find_tenant(self._document.tenant.key)
        hashes = await self._hash_passwords(tenant_id)
        applied: Applied | None = None
        try:
            async with self._database.transaction(tenant_id) as session:
                await session.execute(_ONE_AT_A_TIME, {"name": f"apply {self._document.tenant.key}"})
                applied = await self._write(session, tenant_id, hashes)
                if dry_run:
                    raise _DryRun
        except _DryRun:
            assert applied is not None
            return applied
        async with self._database.transaction() as session:
            await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": SETUP_CHANGED})
        return applied

    async def _find_tenant(self, key: str) -> UUID:
        """The tenant of that key, or the id that it will have."""
        async with self._database.read() as session:
            tenant = await Tenant.find(session, key)
        if tenant is None:
            return new_id()
        try:
            self._cipher.learn(tenant.id, tenant.secret)
        except CannotOpen:
            raise CommandError(
                f"The installation's key does not open the secrets of tenant {key}: "
                "use the key folder that belongs to this database."
            ) from None
        return tenant.id

    async def _hash_passwords(self, tenant_id: UUID) -> dict[str, str]:
        """By e-mail, of new and changed passwords only."""
        async with self._database.read(tenant_id) as session:
            agents = await session.scalars(select(Agent))
            known = {agent.email.lower(): agent.password_hash for agent in agents}
        return {
            agent.email: await self._passwords.hash(agent.password)
            for agent in self._document.agents
            if agent.password is not None and not await self._fits(agent, known.get(agent.email.lower()))
        }

    async def _fits(self, agent: model.Agent, password_hash: str | None) -> bool:
        return password_hash is not None and await self._passwords.verify(agent.password or "", password_hash)

    async def _write(self, session: AsyncSession, tenant_id: UUID, hashes: dict[str, str]) -> Applied:
        reconciliation = Reconciliation(session, self._cipher, tenant_id, hashes)
        endpoints = await reconciliation.run(self._document)
        policy = published_policy(self._setup.policy_document(), self._document)
        await _publish(session, tenant_id, policy, reconciliation.changes)
        await session.flush()
        places = {key: {"id": str(row.id), "path": _path(row)} for key, row in endpoints.items()}
        return Applied(tenant_id, reconciliation.changes, places)


def _path(endpoint: Endpoint) -> str | None:
    door = DOORS.get(endpoint.adapter, "/webhooks")
    return None if door is None else f"{door}/{endpoint.id}"


async def _publish(
    session: AsyncSession, tenant_id: UUID, document: dict[str, Any], changes: Changes
) -> None:
    """A new version, if the policy says anything else than the one before."""
    digest = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
    latest = await session.scalar(select(Policy).order_by(Policy.version.desc()).limit(1))
    if latest is not None and latest.digest == digest:
        return
    version = latest.version + 1 if latest else 1
    session.add(Policy(tenant_id=tenant_id, version=version, document=document, digest=digest))
    append(session, PolicyPublished(version=version), key=str(tenant_id))
    changes.lines.append(f"~ policy: version {version}")
    if latest is not None:
        changes.policy = differences(latest.document, document)


def _check_endpoints(setup: Setup) -> None:
    """Adapters check their own configuration. Raises SetupError."""
    for index, endpoint in enumerate(setup.document.endpoints):
        for pointer, message in registry.config_problems(endpoint.adapter, endpoint.config):
            here = ("endpoints", index, "config" if endpoint.adapter in registry.ADAPTERS else "adapter")
            setup.source.complain((*here, *_parts(pointer)), message)
    setup.source.refuse()


def _parts(pointer: str) -> tuple[str | int, ...]:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _printed(applied: Applied, dry_run: bool, as_json: bool) -> str:
    if as_json:
        answer: dict[str, Any] = {"endpoints": applied.endpoints}
        if dry_run:
            answer["changes"] = applied.changes.lines
            answer["policy"] = [{**c._asdict(), "line": c.line()} for c in applied.changes.policy]
        return orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()
    lines = applied.changes.lines + [f"  {change.line()}" for change in applied.changes.policy]
    lines = lines or ["nothing to change"]
    paths = [f"{key}: {place['path']}" for key, place in applied.endpoints.items() if place["path"]]
    return "\n".join(lines if dry_run else [*lines, *paths])
