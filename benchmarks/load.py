"""A light HTTP load: prepared requests over kept connections, one outstanding each, timed by the monotonic clock."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What a run measured. Latencies in milliseconds."""

    requests: int
    seconds: float
    latencies: list[float]
    failures: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """The latency below which `share` of the requests stayed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    @property
    def median(self) -> float:
        """The middle latency."""
        return statistics.median(self.latencies)


class _Connection(asyncio.Protocol):
    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = self._run.next_request()
        if request is None:
            self._transport.close()
            self._run.ended()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self._buffer = b""
        self._run.answered(time.perf_counter() - self._sent_at, ok=head[9:12] == b"200")
        self._next()


class _Run:
    def __init__(self, requests: Iterator[bytes], connections: int, deadline: float) -> None:
        self._requests = requests
        self._deadline = deadline
        self._open = connections
        self.latencies: list[float] = []
        self.failures = 0
        self.done = asyncio.Event()

    def next_request(self) -> bytes | None:
        return next(self._requests, None) if time.perf_counter() < self._deadline else None

    def answered(self, seconds: float, *, ok: bool) -> None:
        self.latencies.append(seconds * 1000)
        self.failures += not ok

    def ended(self) -> None:
        self._open -= 1
        if not self._open:
            self.done.set()


async def press(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Figures:
    """Send `requests` over so many connections for so long, or until they run out."""
    started = time.perf_counter()
    run = _Run(requests, connections, started + seconds)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port)
    await run.done.wait()
    return Figures(len(run.latencies), time.perf_counter() - started, run.latencies, run.failures)
