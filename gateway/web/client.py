"""Who is at the other end of a request: the address, and the browser in its own words."""

from ipaddress import ip_address

from aiohttp import hdrs, web

from gateway.accounts.settings import Network
from gateway.gateway import GATEWAY

_LONGEST_AGENT = 200


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


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)
