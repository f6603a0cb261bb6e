"""Who is at the other end of a request: the address, and the browser in its own words."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from aiohttp import hdrs, web

from gateway.accounts.settings import Network
from gateway.gateway import GATEWAY

_LONGEST_AGENT = 200
# What tells browsers and systems apart, in this order: most claim to be others as well.
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def remote_of(request: web.Request) -> str:
    """The client's network address: as a trusted proxy forwards it, else that of the connection.

    `X-Forwarded-For` is read from its end, where our own proxies write; what stands before the first address that is
    not theirs was written by the client, and is not believed.
    """
    remote = request.remote or "unknown"
    trusted = request.app[GATEWAY].settings.accounts.trusted_proxies
    hops = [hop.strip() for line in request.headers.getall(hdrs.X_FORWARDED_FOR, []) for hop in line.split(",")]
    while hops and _is_in(remote, trusted):
        hop = hops.pop()
        if not _is_address(hop):
            break
        remote = hop
    return remote


def agent_of(request: web.Request) -> str:
    """The browser's name for itself, shortened."""
    return request.headers.get(hdrs.USER_AGENT, "")[:_LONGEST_AGENT]


def browser_of(agent: str) -> str:
    """A browser's name for itself in people's words, such as "Firefox · Windows"; unchanged where it is unknown."""
    browser, system = _first(_BROWSERS, agent), _first(_SYSTEMS, agent)
    return f"{browser} · {system}" if browser and system else agent


def _first(words: Iterable[tuple[str, str]], agent: str) -> str | None:
    return next((name for word, name in words if word in agent), None)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)
