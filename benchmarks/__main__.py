"""`python -m benchmarks [name …]`: run the benchmarks one after the other, each in a process of its own.

Every benchmark compares with a baseline in the same run and writes benchmarks/results/<name>.json.
"""

import subprocess
import sys

NAMES = (
    "webhook",
    "adapters",
    "pipeline",
    "worker",
    "engine",
    "timeline",
    "plain_queue",
    "year",
    "sender",
    "sockets",
    "mail",
)


def main() -> int:
    """0 if all ran; 2 for a name that there is not."""
    wanted = sys.argv[1:] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    codes = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        codes.append(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
