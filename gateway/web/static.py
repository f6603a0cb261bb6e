"""`/static/…`: the style sheet, the icons and our own ES modules, the same on both listeners.

They are compressed, once. Pages are not: they say secrets beside what others wrote, and a compressed length would tell
how alike the two are.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiohttp import web

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours, read once, and the same compressed. `mark` changes when its bytes do."""

    body: bytes
    packed: bytes
    content_type: str
    mark: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Every file by its name; what is not here does not exist, whatever the path says."""
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, gzip.compress(body, mtime=0), _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page finds a file: `/static/app.css?v=…`, cached for ever until it changes."""
    return f"/static/{name}?v={assets()[name].mark}"


async def serve(request: web.Request) -> web.Response:
    """One file. 304 when the browser has it, 404 when there is none of that name."""
    asset = assets().get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound(text="There is no such file.")
    asked = request.query.get("v") == asset.mark
    packed = _takes_gzip(request.headers.get("Accept-Encoding", ""))
    # What is sent compressed is another representation, so it has another tag.
    tag = f"{asset.mark}-gzip" if packed else asset.mark
    headers = {
        "ETag": f'"{tag}"',
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=31536000, immutable" if asked else "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
        # An SVG opened by itself runs nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    if any(known.value in (tag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = asset.packed if packed else asset.body
    return web.Response(body=body, content_type=asset.content_type, charset="utf-8", headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` (RFC 9110, 12.5.3) names gzip, or anything, with a weight above 0."""
    weights: dict[str, str] = {}
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        name, _, value = parameter.partition("=")
        weights[coding.strip()] = value.strip() if name.strip() == "q" else "1"
    weight = weights.get("gzip", weights.get("*", "0"))
    return weight.strip("0.") != ""


def add_routes(app: web.Application) -> None:
    """Add the files to a listener."""
    app.router.add_get("/static/{name}", serve)
