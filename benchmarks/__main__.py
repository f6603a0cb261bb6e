"""`make bench`: every benchmark, one after the other, printed as docs/benchmarks.md shows them."""

import os
import platform
import sqlite3
import subprocess
import sys

NAMES = ("inbound", "ussd", "take_next", "timekeeper", "search", "due", "reports", "pages", "live", "footprint")


def main() -> None:
    """Run them, each in a process of its own."""
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    print(f"{os.cpu_count()} cores, {platform.system()}, {python}")
    for name in NAMES:
        print(f"\n## {name}\n", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)  # noqa: S603 — our own modules


if __name__ == "__main__":
    main()
