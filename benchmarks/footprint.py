"""Import and start in under two seconds; memory under 150 MB after a hundred thousand messages.

python -m benchmarks.footprint [--messages 100000]
"""

import argparse
import asyncio
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import twilio_requests
from benchmarks.inbound import gateway_environment, stand_in_for_twilio
from benchmarks.load import press
from benchmarks.processes import free_port, started, wait_for

_COMMAND = [sys.executable, "-m", "gateway", "serve"]


def resident_megabytes(pid: int) -> float:
    """The process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say")


async def start_time(folder: Path) -> float:
    """Seconds from the command to the first answer, on a database that exists."""
    public, internal = free_port(), free_port()
    environment = gateway_environment(folder, public, internal, free_port())
    begun = time.perf_counter()
    with started(_COMMAND, environment, stdout=subprocess.DEVNULL):
        await wait_for(public)
        return time.perf_counter() - begun


async def memory(folder: Path, messages: int) -> tuple[float, float]:
    """Megabytes at rest, and after so many messages."""
    public, internal, provider = free_port(), free_port(), free_port()
    runner = await stand_in_for_twilio(provider)
    environment = gateway_environment(folder, public, internal, provider)
    with started(_COMMAND, environment, stdout=subprocess.DEVNULL) as process:
        await wait_for(public)
        before = resident_megabytes(process.pid)
        stream = itertools.islice(twilio_requests.requests(1), messages)
        figures = await press(public, stream, connections=64, seconds=3600)
        assert figures.failures == 0, figures.failures
        after = resident_megabytes(process.pid)
    await runner.cleanup()
    return before, after


async def run(messages: int) -> str:
    """The figures, as docs/benchmarks.md shows them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await start_time(folder)
        starts = [await start_time(folder) for _ in range(5)]
        before, after = await memory(folder, messages)
    spread = f"(min {min(starts):.2f}, max {max(starts):.2f})"
    return (
        f"start: median {statistics.median(starts):.2f} s of {len(starts)} {spread}\n"
        f"memory: {before:.0f} MB at rest, {after:.0f} MB after {messages:,} messages"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    print(asyncio.run(run(parser.parse_args().messages)))


if __name__ == "__main__":
    main()
