"""A USSD hop, from the operator's request to the next screen, at 20 sessions at once: p99 is to stay under 20 ms.

Measured twice: with people who look at each screen for a moment, and with handsets that press on without any pause,
so that all twenty wait for the gateway all the time.

python -m benchmarks.ussd [--sessions 20] [--rounds 5] [--looks 0.5]
"""

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from benchmarks.inbound import gateway_environment
from benchmarks.processes import free_port, started, wait_for

# Dial, Spanish, ask, education, SENA, first subject, the question, send.
KEYS = ("1", "1", "1", "1", "1", "Cuando abren las inscripciones en Leticia", "1")


async def walk(session: aiohttp.ClientSession, url: str, number: int, *, looks: float) -> list[float]:
    """One handset's whole way; the milliseconds of each hop. A screen is looked at for `looks` seconds on average."""
    typed, times = "", []
    for step in ("", *KEYS):
        await asyncio.sleep(looks * random.uniform(0.2, 1.8))
        typed = f"{typed}*{step}" if typed else step
        form = {"sessionId": f"S{number}", "phoneNumber": f"+57310{number:07d}", "serviceCode": "*484#", "text": typed}
        begun = time.perf_counter()
        async with session.post(url, data=urlencode(form), headers={"Content-Type": FORM}) as answer:
            screen = await answer.text()
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, screen
    assert screen.startswith("END"), screen
    return times


FORM = "application/x-www-form-urlencoded"


async def run(sessions: int, rounds: int, *, looks: float) -> list[list[float]]:
    """Every round's hop times, sorted."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        public, internal = free_port(), free_port()
        environment = gateway_environment(Path(folder), public, internal, free_port())
        command = [sys.executable, "-m", "gateway", "serve"]
        with started(command, environment, stdout=subprocess.DEVNULL):
            await wait_for(public)
            url = f"http://127.0.0.1:{public}/webhooks/ussd/benchmark-secret"
            async with aiohttp.ClientSession() as session:
                for round_number in range(rounds + 1):
                    base = round_number * sessions
                    ways = await asyncio.gather(*(walk(session, url, base + n, looks=looks) for n in range(sessions)))
                    if round_number:  # the first round warms caches, and is not counted
                        found.append(sorted(time for way in ways for time in way))
    return found


def report(rounds: list[list[float]], *, looks: float) -> str:
    """A row, as docs/benchmarks.md shows it."""
    p50 = statistics.median(times[len(times) // 2] for times in rounds)
    p99 = statistics.median(times[int(len(times) * 0.99)] for times in rounds)
    return f"| {looks:g} | {p50:.1f} | {p99:.1f} | {len(rounds)} of {len(rounds[0])} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--looks", type=float, default=0.5, help="seconds a person looks at a screen, on average")
    chosen = parser.parse_args()
    print("| a screen is looked at, s | p50 ms | p99 ms | rounds of hops |\n|---|---|---|---|")
    for looks in (chosen.looks, 0.0):
        print(report(asyncio.run(run(chosen.sessions, chosen.rounds, looks=looks)), looks=looks), flush=True)


if __name__ == "__main__":
    main()
