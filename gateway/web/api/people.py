"""Citizens over the API, and the files they sent."""

import asyncio
import unicodedata
from typing import Any
from urllib.parse import quote

from aiohttp import web

from gateway.audit import Action
from gateway.errors import NotFound
from gateway.store import attachments, queue
from gateway.web.api import answers, bodies, views
from gateway.web.api.asked import Ask

_MOST_CASES = 200
_LONGEST_NAME = 120


async def contacts(ask: Ask) -> answers.Contacts:
    """A page of the people with a case the principal may see."""
    wanted: bodies.ContactsQuery = ask.query
    async with ask.gateway.store.read() as conn:
        rows, following = await queue.contacts(conn, ask.principal, after=int(wanted.cursor or 0), limit=wanted.limit)
    return answers.Contacts(
        items=[
            answers.ListedContact(id=str(row.id), name=row.name, language=row.language, created_at=row.created_at)
            for row in rows
        ],
        next=None if following is None else str(following),
    )


async def contact(ask: Ask) -> answers.ContactStory:
    """A person with the cases the principal may see; without any, there is no such person. Who read it is logged."""
    contact_id = ask.id("id")
    async with ask.gateway.store.read() as conn:
        rows, _ = await queue.listed(
            conn, ask.principal, queue.Filter(contact_id=contact_id), order="received", limit=_MOST_CASES
        )
        if not rows:
            raise NotFound("there is no such person that you may see")
        found = await views.contact(conn, contact_id, await views.cases(conn, ask, rows))
    ask.seen(Action.CONTACT_OPENED, f"contact:{contact_id}")
    return found


async def attachment(ask: Ask) -> web.Response:
    """A stored file's bytes, to be saved and never to be shown in a browser's page."""
    async with ask.gateway.store.read() as conn:
        row = await attachments.readable(conn, ask.principal, ask.id("id"))
    ask.seen(Action.ATTACHMENT_DOWNLOADED, row.number, agency=row.agency, detail=f"file {row.id}")
    try:
        content = await asyncio.to_thread(ask.gateway.files.path(row.stored_as).read_bytes)
    except FileNotFoundError:
        raise NotFound("the file is no longer kept") from None
    return web.Response(body=content, headers=_headers(row))


def _headers(row: Any) -> dict[str, str]:
    return {
        "Content-Type": row.content_type or "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_filename(row), safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }


def _filename(row: Any) -> str:
    """The sender's name for the file without what hides its ending or climbs out of a folder."""
    said = "".join(c for c in row.filename or "" if unicodedata.category(c)[0] != "C" and c not in '/\\:"')
    return said.strip(" .")[-_LONGEST_NAME:] or f"{row.kind}-{row.id}"
