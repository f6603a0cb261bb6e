"""A file from a provider's own host, and from nowhere else.

A media URL is inbound data. Followed without care it carries the account's credentials to whoever is named in it, or
reaches a machine inside. So: a list of hosts, one scheme, credentials for the first request only, a size and a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from yarl import URL

from channels.channel import FileUnavailable

TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=5)
# From the API to its storage, and one for a move of theirs.
MAX_REDIRECTS: Final = 2
CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where files may come from.

    `api_url` gives the scheme every hop must have and the one origin that sees `headers`, which hold the credentials.
    `hosts` may be redirected to, or asked without credentials: `host`, or `host:port` where the port is not the
    scheme's own. `limit` is in bytes.
    """

    api_url: str
    hosts: Sequence[str]
    limit: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


async def download(url: str, source: Source, session: aiohttp.ClientSession) -> bytes:
    """The bytes at `url`. FileUnavailable, whose words hold no URL, when they cannot be had."""
    target = _allowed(url, source)
    headers = source.headers if target.origin() == URL(source.api_url).origin() else {}
    try:
        for _ in range(MAX_REDIRECTS + 1):
            async with session.get(target, headers=headers, timeout=TIMEOUT, allow_redirects=False) as response:
                if not 300 <= response.status < 400:
                    return await _content(response, source.limit)
                target, headers = _allowed(response.headers.get("Location", ""), source, base=target), {}
    except (TimeoutError, aiohttp.ClientError) as error:
        raise FileUnavailable(f"no answer ({type(error).__name__})") from None
    raise FileUnavailable("redirected too often")


def _allowed(url: str, source: Source, *, base: URL | None = None) -> URL:
    try:
        target = base.join(URL(url)) if base else URL(url)
        allowed = target.user is None and _is_listed(target, source)
    except ValueError:
        allowed = False
    if not allowed:
        raise FileUnavailable("the file is not at one of the provider's hosts", permanent=True)
    return target


def _is_listed(target: URL, source: Source) -> bool:
    api = URL(source.api_url)
    name = target.host if target.is_default_port() else f"{target.host}:{target.port}"
    return target.scheme == api.scheme and (target.origin() == api.origin() or name in source.hosts)


async def _content(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.status != 200:
        # A 404 may only mean "not yet": providers announce a file before every one of their machines has it.
        raise FileUnavailable(f"HTTP {response.status}", permanent=response.status == 410)
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        content += chunk
        if len(content) > limit:
            raise FileUnavailable(f"larger than {limit} bytes", permanent=True)
    return bytes(content)
