"""Servers in processes of their own, for as long as a measurement lasts."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str] | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, stopped like by Ctrl-C at the end."""
    process = subprocess.Popen(command, env=environment, stdout=stdout)  # noqa: S603 — our own commands
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


async def wait_for(port: int, seconds: float = 20) -> None:
    """Until somebody listens on the port."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
