"""A real Dovecot on loopback ports, in a folder of its own: not the system's service."""

import asyncio
import imaplib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port, greets
from tests.waiting import eventually

PROGRAM = Path("/usr/sbin/dovecot")
PASSWORD = "correct-horse"
NOBODY = 65534

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
auth_failure_delay = 0
disable_plaintext_auth = no
first_valid_uid = 1
mail_max_userip_connections = 100
mail_location = maildir:{folder}/mail/%u
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={nobody} gid={nobody} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Gesendet {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Angebote {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
_SELF_SIGNED = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
_SELF_SIGNED += ["-addext", "subjectAltName=DNS:localhost"]
_OAUTH = "tokeninfo_url = {tokens}/tokeninfo?access_token=\nusername_attribute = email\n"


@dataclass
class Dovecot:
    """`plain_port` offers STARTTLS too. `certificate` is who vouches for itself."""

    folder: Path
    plain_port: int
    tls_port: int
    process: subprocess.Popen[bytes]

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def append(self, user: str, mail: bytes, folder: str = "INBOX", *, seen: bool = False) -> None:
        """As a mail server delivers it."""
        with imaplib.IMAP4("127.0.0.1", self.plain_port) as client:
            client.login(user, PASSWORD)
            status, words = client.append(folder, "\\Seen" if seen else "", "", mail)
            assert status == "OK", words

    def unseen(self, user: str, folder: str = "INBOX") -> int:
        with imaplib.IMAP4("127.0.0.1", self.plain_port) as client:
            client.login(user, PASSWORD)
            client.select(folder, readonly=True)
            return len(client.search(None, "UNSEEN")[1][0].split())

    def renumber(self, user: str) -> None:
        """INBOX gets another UIDVALIDITY and new UIDs, as after a restore. Nobody may have it open."""
        mailbox = self.folder / "mail" / user
        for index in mailbox.glob("dovecot.index*"):
            index.unlink()
        uids = mailbox / "dovecot-uidlist"
        head, *_ = uids.read_text().splitlines()
        changed = " ".join("V7" if word.startswith("V") else word for word in head.split())
        uids.write_text(f"{changed}\n")


@asynccontextmanager
async def running_dovecot(tokens_url: str) -> AsyncIterator[Dovecot]:
    """`tokens_url`: the token server that tells whose an access token is. Skips where there is none."""
    server = await asyncio.to_thread(_started, tokens_url)
    try:
        await eventually(lambda: greets(server.plain_port, b"* OK"), seconds=20)
        yield server
    finally:
        server.process.terminate()
        await asyncio.to_thread(server.process.wait)
        shutil.rmtree(server.folder, ignore_errors=True)


def _started(tokens_url: str) -> Dovecot:
    if not PROGRAM.exists():
        pytest.skip("Dovecot is not installed")
    if os.geteuid() != 0:
        pytest.skip("only root may start Dovecot with users of its own")
    folder = Path(tempfile.mkdtemp(prefix="touchpoint-dovecot-"))
    folder.chmod(0o755)
    ports = [free_port(), free_port()]
    _write(folder, tokens_url, *ports)
    process = subprocess.Popen([PROGRAM, "-F", "-c", str(folder / "dovecot.conf")])
    return Dovecot(folder, *ports, process)


def _write(folder: Path, tokens_url: str, plain_port: int, tls_port: int) -> None:
    for name in ("mail", "home"):
        (folder / name).mkdir()
        os.chown(folder / name, NOBODY, NOBODY)
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(["openssl", "req", *_SELF_SIGNED, *files], check=True, capture_output=True)
    (folder / "oauth2.conf").write_text(_OAUTH.format(tokens=tokens_url))
    (folder / "dovecot.conf").write_text(
        _CONFIG.format(
            folder=folder, password=PASSWORD, nobody=NOBODY, plain_port=plain_port, tls_port=tls_port
        )
    )
