"""How often one network address may write: enough for a family or a library, too little for a machine."""

from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Final

from aiohttp import web

WINDOW: Final = 600.0
FORM_LIMIT: Final = 20
# A program writes for many people.
API_LIMIT: Final = 300
# Addresses remembered; the one that wrote longest ago is forgotten first.
_REMEMBERED: Final = 20_000


class Flood:
    """At most `limit` in `WINDOW` seconds from one address. `clock` is monotonic, in seconds."""

    def __init__(self, limit: int, clock: Callable[[], float] = monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """0 when the address may write now, which is then counted; otherwise the seconds until it may."""
        now = self._clock()
        times = self._seen.setdefault(address, deque())
        self._seen.move_to_end(address)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        while times and now - times[0] >= WINDOW:
            times.popleft()
        if len(times) >= self._limit:
            return WINDOW - (now - times[0])
        times.append(now)
        return 0.0


class Limits:
    """The flood limits of one listener."""

    def __init__(self) -> None:
        self.form = Flood(FORM_LIMIT)
        self.api = Flood(API_LIMIT)


LIMITS = web.AppKey("limits", Limits)


def client_address(request: web.Request) -> str:
    """The client's address; behind a proxy of our own network, the last one in X-Forwarded-For that is not ours.

    Only a private or local peer is believed about others, so a client from outside cannot choose its address.
    """
    hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", ())).split(",") if hop.strip()]
    address = request.remote or ""
    while hops and _is_ours(address):
        address = hops.pop()
    return _group(address)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_ours(address: str) -> bool:
    found = _parsed(address)
    return found is not None and (found.is_loopback or found.is_private)


def _group(address: str) -> str:
    """One home has a whole /64 of IPv6."""
    found = _parsed(address)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found or "unknown")
