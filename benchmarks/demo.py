"""The whole demonstration: fresh home, again with nothing new. Wall and CPU seconds, peak memory.

Run: python -m benchmarks.demo
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(label: str, home: Path) -> None:
    """Run `regie demo` in its own process and print one row of the table."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "demo"],
        env={**os.environ, "REGIE_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"| {label} | {wall:.1f} | {cpu:.1f} | {after.ru_maxrss / 1024:.0f} |")


def main() -> None:
    """Print the table (the peak is the largest process so far)."""
    print("| demo, in process, 28 days | wall s | CPU s | peak MiB |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for label in ("fresh home", "again, nothing new"):
            measure(label, Path(folder) / "home")


if __name__ == "__main__":
    main()
