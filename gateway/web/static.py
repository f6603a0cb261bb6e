"""`/static/…`: the style sheet, the icons and our own ES modules, the same on both listeners."""

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
    """A file of ours, read once. `mark` changes when its bytes do."""

    body: bytes
    content_type: str
    mark: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Every file by its name; what is not here does not exist, whatever the path says."""
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page finds a file: `/static/app.css?v=…`, cached for ever until it changes."""
    return f"/static/{name}?v={assets()[name].mark}"


async def serve(request: web.Request) -> web.Response:
    """One file. 304 when the browser has it, 404 when there is none of that name."""
    asset = assets().get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound(text="There is no such file.")
    asked = request.query.get("v") == asset.mark
    headers = {
        "ETag": f'"{asset.mark}"',
        "Cache-Control": "public, max-age=31536000, immutable" if asked else "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
        # An SVG opened by itself runs nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    if request.headers.get("If-None-Match") == f'"{asset.mark}"':
        return web.Response(status=304, headers=headers)
    return web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers)


def add_routes(app: web.Application) -> None:
    """Add the files to a listener."""
    app.router.add_get("/static/{name}", serve)
