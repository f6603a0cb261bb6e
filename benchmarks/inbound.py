"""Signed Twilio inbound, acknowledged after the durable commit, against three bare handlers in the same run.

python -m benchmarks.inbound [--rounds 5] [--seconds 5] [--connections 64]
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from aiohttp import web

from benchmarks import twilio_requests
from benchmarks.load import Figures, press
from benchmarks.processes import free_port, started, wait_for

CONFIG = Path(__file__).parent.parent / "config"


def gateway_environment(folder: Path, public: int, internal: int, provider: int, database: str = "") -> dict[str, str]:
    """A gateway with Twilio's credentials of the benchmark, sending to a stand-in."""
    return {
        **os.environ,
        "VENTANILLA_DATABASE_URL": database or f"sqlite:///{folder}/ventanilla.db",
        "VENTANILLA_CONFIG_DIR": str(CONFIG),
        "VENTANILLA_FILES_DIR": f"{folder}/files",
        "VENTANILLA_PUBLIC_LISTEN": f"127.0.0.1:{public}",
        "VENTANILLA_INTERNAL_LISTEN": f"127.0.0.1:{internal}",
        "VENTANILLA_PUBLIC_URL": twilio_requests.PUBLIC_URL,
        "TWILIO_ACCOUNT_SID": twilio_requests.ACCOUNT,
        "TWILIO_AUTH_TOKEN": twilio_requests.TOKEN,
        "TWILIO_API_URL": f"http://127.0.0.1:{provider}",
        "TELEGRAM_BOT_TOKEN": "",
        "USSD_PATH_SECRET": "benchmark-secret",
    }


async def stand_in_for_twilio(port: int) -> web.AppRunner:
    """Takes what the outbox sends."""

    async def create(_request: web.Request) -> web.Response:
        return web.json_response({"sid": f"SM{time.time_ns():032x}", "status": "queued"}, status=201)

    app = web.Application()
    app.router.add_post("/{path:.*}", create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def run(rounds: int, seconds: float, connections: int, database: str) -> dict[str, list[Figures]]:
    """The four servers in turn, so many rounds."""
    figures: dict[str, list[Figures]] = {"reads": [], "verifies": [], "stores": [], "gateway": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = {name: free_port() for name in figures}
        internal, provider = free_port(), free_port()
        runner = await stand_in_for_twilio(provider)
        for name in ("reads", "verifies", "stores"):
            stack.enter_context(started([sys.executable, "-m", "benchmarks.bare", name, str(ports[name])]))
        environment = gateway_environment(folder, ports["gateway"], internal, provider, database)
        stack.enter_context(started([sys.executable, "-m", "gateway", "serve"], environment, stdout=subprocess.DEVNULL))
        for port in (*ports.values(), internal):
            await wait_for(port)
        for round_number in range(rounds + 1):
            for place, (name, port) in enumerate(ports.items()):
                stream = twilio_requests.requests(round_number * 10 + place + 1)
                figure = await press(port, stream, connections=connections, seconds=seconds if round_number else 2)
                if round_number:  # the first round warms caches, and is not counted
                    figures[name].append(figure)
        await runner.cleanup()
    return figures


def report(figures: dict[str, list[Figures]]) -> str:
    """The table, as docs/benchmarks.md shows it."""
    lines = ["| server | requests/s | p50 ms | p99 ms | not 200 |", "|---|---|---|---|---|"]
    for name, runs in figures.items():
        rate = statistics.median(f.rate for f in runs)
        p50 = statistics.median(f.median for f in runs)
        p99 = statistics.median(f.percentile(0.99) for f in runs)
        lines.append(f"| {name} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {sum(f.failures for f in runs)} |")
    for other in ("verifies", "stores", "reads"):
        shares = [g.rate / o.rate for g, o in zip(figures["gateway"], figures[other], strict=True)]
        lines.append(f"\ngateway / {other}: median {statistics.median(shares):.2f}"
                     f" (min {min(shares):.2f}, max {max(shares):.2f})")  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--database", default="")
    chosen = parser.parse_args()
    print(report(asyncio.run(run(chosen.rounds, chosen.seconds, chosen.connections, chosen.database))))


if __name__ == "__main__":
    main()
