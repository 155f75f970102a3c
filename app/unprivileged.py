"""A way to run PostgreSQL for root: it refuses root's rights, and in containers everybody is root.

No user is added and no folder outside our own changes hands: either a user namespace in which root has
another number, or setpriv to the folder's owner (else `nobody`), if need be with the right to pass parents.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import CommandError

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
    """initdb wants a user with a name, which containers often lack: a namespace can borrow one."""
    nobody, me = ordinary_user(), os.geteuid()
    namespace = (*PARENT_DEATH, "unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}")
    if me != 0:
        yield from () if _has_name(me) else (RunAs(namespace),)
        yield from (RunAs(PARENT_DEATH), RunAs())
        return
    owner = folder.stat().st_uid
    if owner == 0:
        yield RunAs(namespace)
    owner = owner or nobody
    change = (*PARENT_DEATH, f"--reuid={owner}", f"--regid={owner}", "--clear-groups")
    yield RunAs(change, owner)
    yield RunAs((*change, *PASS_PARENTS), owner)


def ordinary_user() -> int:
    """`nobody`, or any other user with a name and without root's rights."""
    users = sorted(pwd.getpwall(), key=lambda user: (user.pw_name != "nobody", user.pw_uid))
    return next((user.pw_uid for user in users if user.pw_uid != 0), 65534)


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _works(candidate: RunAs, folder: Path, program: Path) -> bool:
    if candidate.prefix and not all(shutil.which(word) for word in candidate.prefix if word in _TOOLS):
        return False
    # Done, not asked: `test -x` does not know of rights that come from capabilities.
    probe = [*candidate.prefix, "sh", "-c", 'cd "$0" && exec "$1" --version', str(folder), str(program)]
    return subprocess.run(probe, capture_output=True, check=False, timeout=10).returncode == 0  # noqa: S603


_TOOLS = ("setpriv", "unshare")
