"""A way to run PostgreSQL for root: it refuses root's rights, and in containers everybody is root.

No user is added and no folder outside our own changes hands: either a user namespace in which root has
another number, or setpriv to the folder's owner (else `nobody`), with the right to pass closed parents.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import CommandError

NOBODY = 65534
PARENT_DEATH = ("setpriv", "--pdeathsig", "INT")
PASS_PARENTS = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")


@dataclass(frozen=True)
class RunAs:
    """Words before the program's own, and the user who must own its folders (None: as they are)."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None

    def own(self, folder: Path) -> None:
        """Give the folder and all in it to that user. Does nothing if it has it."""
        if self.owner is None or folder.stat().st_uid == self.owner:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, self.owner, follow_symlinks=False)


def find_run_as(folder: Path, program: Path) -> RunAs:
    """The first way in which `program` runs without root's rights beside `folder`. Raises CommandError."""
    for candidate in _candidates(folder):
        if _works(candidate, folder.parent, program):
            return candidate
    raise CommandError(
        f"PostgreSQL does not run as root, and neither a user namespace nor another user works for {folder} "
        "here. Start touchpoint as an ordinary user, or set DATABASE_URL."
    )


def _candidates(folder: Path) -> Iterator[RunAs]:
    if os.geteuid() != 0:
        yield RunAs(PARENT_DEATH)
        yield RunAs()
        return
    owner = folder.stat().st_uid
    if owner == 0:
        yield RunAs((*PARENT_DEATH, "unshare", "--user", "--map-user=1000", "--map-group=1000"))
    owner = owner or NOBODY
    change = (*PARENT_DEATH, f"--reuid={owner}", f"--regid={owner}", "--clear-groups")
    yield RunAs(change, owner)
    yield RunAs((*change, *PASS_PARENTS), owner)


def _works(candidate: RunAs, folder: Path, program: Path) -> bool:
    if candidate.prefix and not all(shutil.which(word) for word in candidate.prefix if word in _TOOLS):
        return False
    probe = [*candidate.prefix, "test", "-x", str(program), "-a", "-x", str(folder)]
    return subprocess.run(probe, capture_output=True, check=False, timeout=10).returncode == 0  # noqa: S603


_TOOLS = ("setpriv", "unshare")
