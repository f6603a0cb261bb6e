"""`/console/attachments/{id}`: a citizen's file, to whoever may see its case, and never as a page of ours."""

import asyncio
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from gateway.audit import Action
from gateway.errors import NotFound
from gateway.gateway import GATEWAY
from gateway.principal import Right
from gateway.store import attachments
from gateway.web import audit, auth, shown
from gateway.web.console.story import INLINE

# Whatever the file holds, it runs nothing, loads nothing and frames nothing.
_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


async def serve(request: web.Request) -> web.StreamResponse:
    """The bytes. `?inline=1` shows a picture whose bytes say it is one; everything else is downloaded."""
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        row = await attachments.readable(conn, principal, shown.row_id(request.match_info["id"]) or 0)
    path = gateway.files.path(row.stored_as)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("there is no such file that you may see")
    audit.seen(request, Action.ATTACHMENT_DOWNLOADED, row.number, agency=row.agency, detail=f"file {row.id}")
    inline = request.query.get("inline") == "1" and row.content_type in INLINE
    return web.FileResponse(path, headers=_headers(row, inline=inline))


def _headers(row: Any, *, inline: bool) -> dict[str, str]:
    name = download_name(row)
    disposition = "inline" if inline else "attachment"
    return {
        "Content-Type": row.content_type if inline else "application/octet-stream",
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


def download_name(row: Any) -> str:
    """The sender's file name without a path or anything that acts; its number where there is none."""
    given = shown.tame_name(row.filename).replace("/", "_").replace("\\", "_").lstrip(".")
    return given[:120] or f"{row.kind}-{row.position + 1}"
